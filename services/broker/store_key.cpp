#include <ratls/services/broker/store_key.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <ratls/tcp.h>

namespace ratls::broker {

namespace {

constexpr std::string_view kCredential = "systemd-credential:";
constexpr std::size_t kDigits = 2 * seal::kKeySize;

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

Result<std::string> path_of(const std::string& where) {
  if (!std::string_view(where).starts_with(kCredential)) return where;
  const std::string name = where.substr(kCredential.size());
  if (name.empty() || name.find('/') != std::string::npos || name.front() == '.') {
    return Error(Reason::invalid_config, "a credential is written systemd-credential:NAME");
  }
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return Error(Reason::invalid_config,
                 "systemd passed no credentials; add LoadCredential= to the unit");
  }
  return std::string(folder) + "/" + name;
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

// Not from_hex(): the key must not pass through memory that nobody wipes.
bool decode(ByteView text, seal::Key& out) {
  if (text.size() == kDigits + 1 && text.back() == '\n') text = text.first(kDigits);
  if (text.size() != kDigits) return false;
  return out.fill([&](std::span<std::uint8_t, seal::kKeySize> key) {
    bool good = true;
    for (std::size_t i = 0; i < key.size(); ++i) {
      const int high = digit(text[2 * i]);
      const int low = digit(text[2 * i + 1]);
      good = good && high >= 0 && low >= 0;
      key[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return good;
  });
}

Result<void> write_key(int descriptor, const std::string& path, const seal::Key& key) {
  return key.expose([&](ByteView secret) -> Result<void> {
    std::array<std::uint8_t, kDigits + 1> text{};
    for (std::size_t i = 0; i < secret.size(); ++i) {
      text[2 * i] = static_cast<std::uint8_t>("0123456789abcdef"[secret[i] >> 4]);
      text[2 * i + 1] = static_cast<std::uint8_t>("0123456789abcdef"[secret[i] & 15]);
    }
    text.back() = '\n';
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    const int number = written < 0 ? errno : ENOSPC;
    wipe(text);
    if (written != static_cast<ssize_t>(text.size())) return failed(path, number);
    return ::fsync(descriptor) == 0 ? Result<void>() : failed(path, errno);
  });
}

}  // namespace

Result<seal::Key> read_store_key(const std::string& where) {
  RATLS_TRY(const std::string path, path_of(where));
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0 && errno == ENOENT) {
    return Error(Reason::io_error, path + ": no such key; ratls secret keygen makes one");
  }
  if (file.get() < 0) return failed(path, errno);
  RATLS_CHECK(check_private(file.get(), path));
  std::array<std::uint8_t, kDigits + 2> text{};
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return failed(path, errno);
  seal::Key out;
  const bool good = decode(ByteView(text).first(static_cast<std::size_t>(got)), out);
  wipe(text);
  if (good) return out;
  return Error(Reason::invalid_config, path + ": a store's key is 64 hex digits");
}

Result<void> create_store_key(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0 && errno == EEXIST) {
    return Error(Reason::invalid_config, path + ": exists already, and a key is never overwritten");
  }
  if (file.get() < 0) return failed(path, errno);
  auto written = write_key(file.get(), path, seal::generate_key());
  if (!written) static_cast<void>(::unlink(path.c_str()));
  return written;
}

}  // namespace ratls::broker
