/// The kernel's side of /dev/sev-guest: another process answers the system calls of the one under
/// test (seccomp's user notification), with the numbers and structures of linux/sev-guest.h.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/bytes.h>

#include "tsm_kernel.h"

namespace ratls::test {

/// How the driver, the host and the firmware answer. As drivers/virt/coco/sev-guest does it where
/// nothing is set.
struct DriverFaults {
  int open = 0;                          ///< of the device; an errno
  std::vector<int> codes;                ///< of the calls, in their order; then 0
  std::uint64_t exitinfo2 = 0;           ///< with such a code: host << 32 | firmware
  std::uint32_t status = 0;              ///< in the firmware's answer
  std::uint32_t size = 1184;             ///< that it claims for the report
  std::optional<std::uint32_t> demands;  ///< the host's table needs so many bytes
  std::uint32_t most = 0x4000;           ///< SEV_FW_BLOB_MAX_SIZE of the driver
  unsigned level = 0;                    ///< the guest's own: a lower one is INVALID_PARAM
  bool foreign = false;                  ///< answers over other data
  bool wipes = true;                     ///< after a failure the key is gone: ENOTTY for ever
  Bytes table;
  Bytes response;  ///< the whole 4000 bytes, in place of all that
};

/// What the driver saw.
struct DriverLog {
  std::vector<std::uint32_t> calls;     ///< numbers of ioctl, in their order
  std::vector<std::string> violations;  ///< of the interface, by the program
  int opened = 0;
};

/// Empty where seccomp's notification works here, else why not.
std::string why_no_notification();

/// Runs `work` in a child whose open("/dev/sev-guest") and ioctls are answered here; what it
/// returns comes back. `work` may exec.
std::string with_driver(const DriverFaults& faults, DriverLog& log,
                        const std::function<std::string()>& work,
                        const MakeReport& make = unsigned_report);

}  // namespace ratls::test
