/// A folder that looks like a machine, for `ratls doctor`.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include <ratls/certgen/doctor/doctor.h>
#include <catch2/catch_test_macros.hpp>

#include "../support/files.h"

namespace ratls::test {

inline constexpr std::int64_t kToday = 1'800'000'000;  // 2027-01-15

/// A machine in a folder. Its processor says what `leaves` holds.
class Machine {
 public:
  Machine() {
    ::chmod(folder_.path().c_str(), 0755);
    file("/proc/sys/kernel/osrelease", "6.12.9-amd64\n");
    file("/proc/filesystems", "nodev\tsysfs\nnodev\tconfigfs\n");
    file("/proc/self/mounts", "configfs /sys/kernel/config configfs rw 0 0\n");
    file("/proc/self/status", "CapEff:\t0000000000000000\n");
    file("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
    file("/lib/modules/6.12.9-amd64/modules.dep", "kernel/fs/configfs.ko:\n");
  }

  Machine& file(const std::string& path, const std::string& text) {
    const std::filesystem::path whole = folder_.path() + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
    ::chmod(whole.c_str(), 0644);
    return *this;
  }
  Machine& folder(const std::string& path) {
    std::filesystem::create_directories(folder_.path() + path);
    return *this;
  }
  Machine& mode(const std::string& path, mode_t mode) {
    REQUIRE(::chmod((folder_.path() + path).c_str(), mode) == 0);
    return *this;
  }
  Machine& snp_guest() { return folder("/sys/devices/platform/sev-guest"); }
  Machine& driver() { return folder("/sys/bus/platform/drivers/sev-guest"); }
  Machine& device() { return file("/dev/sev-guest", "").mode("/dev/sev-guest", 0600); }

  std::map<std::uint32_t, std::vector<std::uint32_t>> leaves;
  std::int64_t now = kToday;

  [[nodiscard]] doctor::MachineFacts facts() const {
    const FixedClock clock(Timestamp{now});
    const doctor::Cpuid cpuid =
        [this](std::uint32_t leaf) -> std::optional<std::vector<std::uint32_t>> {
      const auto found = leaves.find(leaf);
      return found == leaves.end() ? std::nullopt : std::optional(found->second);
    };
    return doctor::look_at({folder_.path(), cpuid, {}, true}, clock);
  }
  [[nodiscard]] doctor::Diagnosis diagnosis() const { return doctor::diagnose(facts()); }

 private:
  TemporaryFolder folder_;
};

/// For as long as it lives this thread has the rights of nobody.
class Nobody {
 public:
  Nobody() {
    if (::geteuid() != 0) SKIP("only root can try what another user may do");
    REQUIRE(::seteuid(65534) == 0);
  }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;
  ~Nobody() {
    if (::seteuid(0) != 0) std::abort();
  }
};

inline const doctor::Check& find(const doctor::Diagnosis& in, std::string_view id) {
  const auto found = std::find_if(in.checks.begin(), in.checks.end(),
                                  [&](const doctor::Check& check) { return check.id == id; });
  REQUIRE(found != in.checks.end());
  return *found;
}

inline bool says(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace ratls::test
