#include <ratls/services/agent/address.h>

#include <cstdlib>
#include <optional>

#include <ratls/services/agent/host_file.h>
#include <ratls/verify/files.h>

namespace ratls::agent {

namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kFwCfg = "fw_cfg:";
constexpr std::string_view kCredential = "systemd-credential:";

// The end of a path that others complete: it must not lead elsewhere.
Result<std::string> plain_name(std::string_view name) {
  if (name.empty() || name.starts_with('/') || name.find("..") != std::string_view::npos) {
    return Error(Reason::invalid_config, "address_from: a name without / before it and without ..");
  }
  return std::string(name);
}

Result<std::string> path_of(std::string_view from) {
  if (from.starts_with(kFile)) return std::string(from.substr(kFile.size()));
  if (from.starts_with(kFwCfg)) {
    RATLS_TRY(const std::string name, plain_name(from.substr(kFwCfg.size())));
    return "/sys/firmware/qemu_fw_cfg/by_name/" + name + "/raw";
  }
  if (from.starts_with(kCredential)) {
    RATLS_TRY(const std::string name, plain_name(from.substr(kCredential.size())));
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder != nullptr) return std::string(folder) + "/" + name;
    return Error(Reason::invalid_config,
                 "address_from: CREDENTIALS_DIRECTORY is not set; the unit needs LoadCredential=");
  }
  return Error(Reason::invalid_config,
               "address_from is file:PATH, fw_cfg:NAME or systemd-credential:NAME");
}

}  // namespace

Result<Address> read_address(const std::string& from) {
  RATLS_TRY(const std::string path, path_of(from));
  RATLS_TRY(const Bytes file, read_file(path, kMaxHostFile, Reason::invalid_config));
  return parse_host_file(file);
}

}  // namespace ratls::agent
