/// A character device of its own (CUSE) in front of Firmware.
#pragma once

#include <string>

#include "firmware.h"

namespace ratls::test {

/// Serves /dev/`name` until it is told to end (SIGTERM). The device speaks linux/sev-guest.h
/// (SNP_GET_REPORT, SNP_GET_EXT_REPORT); and, for the provider of configfs-tsm beside this, a write
/// of a level and REPORT_DATA (65 bytes) is answered at the next read, by report and table.
/// Returns the process's exit code.
int serve_device(const std::string& name, Firmware& firmware);

}  // namespace ratls::test
