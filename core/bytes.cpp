#include <ratls/core/bytes.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>

#include <sodium.h>

namespace ratls {

namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string to_string(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(bytes.size() * 2, '0');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    out[at++] = kDigits[byte >> 4U];
    out[at++] = kDigits[byte & 0x0FU];
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

bool equal_ct(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool is_zero(ByteView bytes) noexcept {
  std::uint64_t any = 0;
  std::array<std::uint8_t, sizeof(any)> word{};
  for (; bytes.size() >= word.size(); bytes = bytes.subspan(word.size())) {
    copy_bytes(bytes.first(word.size()), word);
    any |= std::bit_cast<std::uint64_t>(word);
  }
  for (const std::uint8_t byte : bytes) any |= byte;
  return any == 0;
}

void append(Bytes& to, ByteView tail) {
  to.insert(to.end(), tail.begin(), tail.end());
}

void copy_bytes(ByteView from, std::span<std::uint8_t> to) noexcept {
  if (from.size() != to.size()) std::abort();
  if (!from.empty()) std::memmove(to.data(), from.data(), from.size());
}

}  // namespace ratls
