/// What is wrong with a machine's doors to its firmware, and what repairs it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <ratls/certgen/doctor/machine.h>

namespace ratls::doctor {

enum class Status : std::uint8_t {
  ok,
  warn,     ///< works, and could be better
  fail,     ///< in the way
  skipped,  ///< could not be looked at, or does not matter here
};

struct Check {
  std::string_view id;  ///< snake_case, stable
  Status status = Status::ok;
  std::string got;  ///< what was found, one line
  std::string fix;  ///< what to do, one line; empty with ok
};

/// Where reports can be had.
enum class Door : std::uint8_t { none, configfs, sev_guest, azure_vtpm };

/// "configfs", "sev-guest", "azure-vtpm": a name for --source; "" for none.
std::string_view name(Door door) noexcept;

struct Diagnosis {
  std::vector<Check> checks;  ///< in a fixed order, each id once
  Door door = Door::none;     ///< the best that works
};

/// Judges the facts: guest, driver, configfs_tsm, provider, vmpl, sev_guest_device, azure_vtpm,
/// azure_report, azure_key, azure_endorsement, clock, memlock, swap.
Diagnosis diagnose(const MachineFacts& facts);

/// Of a list: is anything in the way?
bool has_failure(const std::vector<Check>& checks) noexcept;

/// One line for each check, and under those that do not hold one with the fix.
std::string text_of(const std::vector<Check>& checks);

/// The checks as a JSON array: id, status, got, fix.
std::string json_of(const std::vector<Check>& checks);

}  // namespace ratls::doctor
