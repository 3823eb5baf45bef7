#include "files.h"

#include <cerrno>
#include <span>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <ratls/tcp.h>

namespace ratls::examples {
namespace {

constexpr std::size_t kMaxFile = 1U << 20U;
constexpr std::size_t kMaxSecret = 65536;

Error failed(const std::string& what) {
  return Error(Reason::io_error, what + ": " + std::generic_category().message(errno));
}

// Fills `buffer` from `fd` to its end; says how much that was. The buffer must not become full.
Result<std::size_t> read_all(int fd, std::span<std::uint8_t> buffer, const std::string& name) {
  std::size_t have = 0;
  while (have < buffer.size()) {
    const auto rest = buffer.subspan(have);
    const ssize_t got = ::read(fd, rest.data(), rest.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(name);
    if (got == 0) return have;
    have += static_cast<std::size_t>(got);
  }
  return Error(Reason::invalid_config, name + " is too large");
}

}  // namespace

Result<Bytes> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed(path);
  Bytes out(kMaxFile);
  RATLS_TRY(const std::size_t size, read_all(file.get(), out, path));
  out.resize(size);
  return out;
}

Result<std::string> read_line(const std::string& path) {
  RATLS_TRY(const Bytes bytes, read_file(path));
  const std::string text = to_string(bytes);
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return Error(Reason::invalid_config, path + " is empty");
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<SecretBytes> read_secret_from_stdin() {
  Bytes buffer(kMaxSecret + 1);
  auto size = read_all(STDIN_FILENO, buffer, "the secret on standard input");
  std::size_t used = size ? *size : 0;
  if (used > 0 && buffer[used - 1] == '\n') --used;
  auto secret = SecretBytes::copy_of(ByteView(buffer).first(used));
  wipe(buffer);
  if (!size) return std::move(size).error();
  if (used == 0) return Error(Reason::invalid_config, "no secret came on standard input");
  return secret;
}

}  // namespace ratls::examples
