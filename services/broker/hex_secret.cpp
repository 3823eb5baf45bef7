#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <ratls/core/private_file.h>
#include <ratls/core/secret.h>
#include <ratls/services/broker/detail/hex_secret.h>
#include <ratls/tcp.h>

namespace ratls::broker::detail {

namespace {

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

Result<void> check_private(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failed(path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Reason::invalid_config, path + ": not a regular file");
  if ((status.st_mode & 077U) != 0) {
    return Error(Reason::invalid_config, path + ": others may read this key; chmod 600 it");
  }
  return {};
}

int digit(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Not from_hex(): a key must not pass through memory that nobody wipes.
bool decode(ByteView text, std::span<std::uint8_t> out) {
  const std::size_t digits = 2 * out.size();
  if (text.size() == digits + 1 && text.back() == '\n') text = text.first(digits);
  if (text.size() != digits) return false;
  bool good = true;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    good = good && high >= 0 && low >= 0;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return good;
}

Bytes encode(ByteView secret) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Bytes text;
  text.reserve(2 * secret.size() + 1);
  for (const std::uint8_t byte : secret) {
    text.push_back(static_cast<std::uint8_t>(kDigits[byte >> 4U]));
    text.push_back(static_cast<std::uint8_t>(kDigits[byte & 15U]));
  }
  text.push_back('\n');
  return text;
}

}  // namespace

Result<void> read_hex_secret(const std::string& path, std::span<std::uint8_t> out) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return failed(path, errno);
  RATLS_CHECK(check_private(file.get(), path));
  Bytes text(2 * out.size() + 2);
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  const int number = errno;
  const bool good = got >= 0 && decode(ByteView(text).first(static_cast<std::size_t>(got)), out);
  wipe(text);
  if (got < 0) return failed(path, number);
  if (good) return {};
  return Error(Reason::invalid_config,
               path + ": this key is " + std::to_string(2 * out.size()) + " hex digits");
}

Result<void> create_hex_secret(const std::string& path, ByteView secret) {
  Bytes text = encode(secret);
  auto made = write_new_private_file(path, text);
  wipe(text);
  return made;
}

}  // namespace ratls::broker::detail
