#include <ratls/services/broker/store_key.h>

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include <ratls/services/broker/detail/hex_secret.h>
#include <ratls/services/broker/tpm_key.h>
#include <ratls/verify/files.h>

namespace ratls::broker {

namespace {

constexpr std::string_view kCredential = "systemd-credential:";
constexpr std::string_view kTpm = "tpm:";
constexpr std::size_t kMaxSealed = 16384;

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

Result<seal::Key> read_sealed(const std::string& path) {
  RATLS_TRY(const Bytes text, read_file(path, kMaxSealed, Reason::invalid_config));
  auto key = open_from_tpm(text);
  if (key) return key;
  return Error(key.error().reason(), path + ": " + key.error().detail());
}

bool is_missing(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) != 0 && errno == ENOENT;
}

}  // namespace

Result<seal::Key> read_store_key(const std::string& where) {
  if (std::string_view(where).starts_with(kTpm)) return read_sealed(where.substr(kTpm.size()));
  RATLS_TRY(const std::string path, path_of(where));
  if (is_missing(path)) {
    return Error(Reason::io_error, path + ": no such key; ratls secret keygen makes one");
  }
  seal::Key out;
  RATLS_CHECK(out.fill([&](auto bytes) { return detail::read_hex_secret(path, bytes); }));
  return out;
}

Result<void> create_store_key(const std::string& path) {
  return seal::generate_key().expose(
      [&](ByteView key) { return detail::create_hex_secret(path, key); });
}

}  // namespace ratls::broker
