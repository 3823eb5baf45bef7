/// What the agent's program may do on this machine: nothing that its user may not.
#pragma once

#include <string>

#include <sys/types.h>

#include <ratls/core/result.h>

namespace ratls::agent {

/// A user of the system.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

/// Gives up, for this process and all that it will execute: other users and groups, supplementary
/// groups, capabilities of every set, privileges by execution, core dumps, and life without its
/// parent. `account` null: the user stays. Errors: isolation_failed.
Result<void> drop_rights(const Account* account);

/// That this process may open no device that makes attestation reports or quotes: configfs-tsm,
/// /dev/sev-guest, a TPM. Whoever may speaks for the guest. Asks the kernel, as the user that this
/// process is by now, and opens nothing. Errors: device_exposed, which names the device.
Result<void> check_devices_closed();

}  // namespace ratls::agent
