/// Bytes, and bytes that mean something.
///
/// Threads: all types here are values; share const objects freely.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ratls {

/// Untrusted, non-owning bytes. The caller keeps the storage alive.
using ByteView = std::span<const std::uint8_t>;

/// Owned bytes without a meaning of their own; never used for secrets (see Secret).
using Bytes = std::vector<std::uint8_t>;

/// The bytes of a string, not copied.
ByteView as_bytes(std::string_view text) noexcept;

/// A copy of `bytes` as a string, byte for byte (no encoding is checked).
std::string to_string(ByteView bytes);

/// Lower-case hex, two digits a byte.
std::string to_hex(ByteView bytes);

/// Bytes from hex of either case; nothing where a digit is wrong or the count is odd.
std::optional<Bytes> from_hex(std::string_view hex);

/// Are both the same length and the same bytes? Time depends on the length only.
bool equal_ct(ByteView a, ByteView b) noexcept;

/// True where every byte is zero. Time depends on the length only.
bool is_zero(ByteView bytes) noexcept;

/// Append `tail` to `to`.
void append(Bytes& to, ByteView tail);

/// Copies `from` over `to`; the sizes must be equal (a bug otherwise: aborts).
void copy_bytes(ByteView from, std::span<std::uint8_t> to) noexcept;

/// N bytes with a meaning. Two FixedBytes of the same size and another Tag are other types: a
/// ChipId cannot be passed where a Measurement is expected. Ordered, for use in containers.
/// Comparison is not constant-time: use equal_ct() for anything an attacker may probe.
template <std::size_t N, class Tag>
class FixedBytes {
 public:
  static constexpr std::size_t kSize = N;

  /// All zero.
  constexpr FixedBytes() noexcept = default;
  explicit constexpr FixedBytes(const std::array<std::uint8_t, N>& bytes) noexcept
      : bytes_(bytes) {}

  /// From exactly N bytes; nothing where the size differs.
  static std::optional<FixedBytes> from(ByteView bytes) {
    if (bytes.size() != N) return std::nullopt;
    FixedBytes out;
    std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
    return out;
  }

  /// From exactly 2 N hex digits; nothing otherwise.
  static std::optional<FixedBytes> parse_hex(std::string_view hex) {
    auto bytes = from_hex(hex);
    if (!bytes) return std::nullopt;
    return from(*bytes);
  }

  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t, N> mutable_view() noexcept { return bytes_; }
  [[nodiscard]] const std::array<std::uint8_t, N>& array() const noexcept { return bytes_; }
  [[nodiscard]] std::string hex() const { return to_hex(bytes_); }
  [[nodiscard]] bool is_zero() const noexcept { return ratls::is_zero(bytes_); }

  friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

 private:
  std::array<std::uint8_t, N> bytes_{};
};

using Sha256Digest = FixedBytes<32, struct Sha256Tag>;
using Sha384Digest = FixedBytes<48, struct Sha384Tag>;
using Sha512Digest = FixedBytes<64, struct Sha512Tag>;

}  // namespace ratls
