/// Where the host says that the broker is. A hint, never an identity.
#pragma once

#include <ratls/core/result.h>
#include <ratls/tcp.h>

namespace ratls::agent {

/// `from` is "file:PATH", "fw_cfg:NAME" (QEMU's -fw_cfg name=NAME,file=...) or
/// "systemd-credential:NAME". What stands there is parse_host_file()'s.
/// Errors: invalid_config, io_error.
Result<Address> read_address(const std::string& from);

}  // namespace ratls::agent
