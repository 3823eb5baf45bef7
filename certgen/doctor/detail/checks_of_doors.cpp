// Is this an SEV-SNP guest, and which of its doors are open?
#include <ratls/certgen/doctor/detail/checks.h>

#include <cerrno>
#include <charconv>

namespace ratls::doctor::detail {

namespace {

constexpr std::uint64_t kMsrSnpEnabled = 4;  // AMD 24593, SEV_STATUS bit 2
constexpr const char* kNoGuest = "no SEV-SNP guest";
constexpr const char* kUdevFix =
    "give the device to a group of ratls alone, since whoever opens it speaks for this guest: "
    "groupadd -r sev; echo 'KERNEL==\"sev-guest\", GROUP=\"sev\", MODE=\"0660\"' > "
    "/etc/udev/rules.d/90-sev-guest.rules; udevadm trigger; then add its user to the group sev";

bool tsm_works(const MachineFacts& facts) {
  return facts.tsm.access == 0 && facts.tsm.entry == 0 && facts.tsm.provider == "sev_guest";
}

/// How it is known that this is a guest; empty: nothing says so.
std::string why_guest(const MachineFacts& facts, Door door) {
  if (facts.guest_device) return "its kernel made the device for the driver";
  if (facts.guest_folder) return "its kernel has /sys/devices/system/cpu/sev";
  if (facts.sev_status && (*facts.sev_status & kMsrSnpEnabled) != 0) return "by MSR_AMD64_SEV";
  if (is_azure(facts)) return "isolated by Hyper-V: the firmware is its paravisor's";
  if (facts.processor && facts.processor->hypervisor && facts.processor->snp) return "by its CPUID";
  if (door != Door::none || forbidden(facts.device)) return "it has a door for reports";
  return {};
}

/// "6.1.0-37-cloud-amd64" is 6.1; 0 where the text is something else.
unsigned version_of(const std::string& kernel) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* const end = kernel.data() + kernel.size();
  const auto first = std::from_chars(kernel.data(), end, major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return 0;
  const auto rest = kernel.substr(static_cast<std::size_t>(first.ptr - kernel.data()) + 1);
  std::from_chars(rest.data(), rest.data() + rest.size(), minor);
  return major * 1000 + minor;
}

/// What is in the way of one door is a failure only where no other is open.
Status closed(Door door) {
  return door == Door::none ? Status::fail : Status::warn;
}

Check no_tsm(const MachineFacts& facts, Door door) {
  constexpr std::string_view kId = "configfs_tsm";
  const unsigned version = version_of(facts.kernel);
  if (version != 0 && version < 6007) {
    return {kId, Status::skipped,
            "Linux " + facts.kernel + " does not have it (6.7 and later): the device is the door",
            ""};
  }
  if (facts.tsm.supported && !facts.tsm.mounted) {
    return {kId, closed(door), "configfs is not mounted",
            "mount -t configfs none /sys/kernel/config"};
  }
  if (!facts.driver_loaded) return {kId, Status::skipped, "it comes with the driver", ""};
  if (door != Door::none) {
    return {kId, Status::skipped, "this kernel has none (CONFIG_TSM_REPORTS)", ""};
  }
  return {kId, Status::fail, "no /sys/kernel/config/tsm/report, though the driver is loaded",
          "modprobe configfs; modprobe -r sev-guest; modprobe sev-guest"};
}

}  // namespace

Door best_door(const MachineFacts& facts) {
  if (tsm_works(facts)) return Door::configfs;
  if (facts.device == 0) return Door::sev_guest;
  if (azure_works(facts)) return Door::azure_vtpm;
  return Door::none;
}

Check check_guest(const MachineFacts& facts, Door door) {
  constexpr std::string_view kId = "guest";
  const std::string why = why_guest(facts, door);
  const std::string linux = facts.kernel.empty() ? "" : ", Linux " + facts.kernel;
  if (!why.empty()) return {kId, Status::ok, "SEV-SNP guest (" + why + ")" + linux, ""};
  const std::string fix =
      "launch this machine as an SEV-SNP guest (docs/howto); to try things without: ratls sim "
      "init DIR, then --source sim:DIR";
  if (facts.host_device) {
    return {kId, Status::fail, "not a guest: /dev/sev is a host's side" + linux, fix};
  }
  const bool virtual_machine = facts.processor && facts.processor->hypervisor;
  return {kId, Status::fail,
          std::string(virtual_machine ? "a virtual machine, but not" : "not") +
              " an SEV-SNP guest" + linux,
          fix};
}

Check check_driver(const MachineFacts& facts, Door door) {
  constexpr std::string_view kId = "driver";
  if (why_guest(facts, door).empty()) return {kId, Status::skipped, kNoGuest, ""};
  if (facts.driver_loaded) return {kId, Status::ok, "sev-guest is loaded", ""};
  if (is_azure(facts)) return {kId, Status::skipped, "reports come through the vTPM here", ""};
  if (door != Door::none) return {kId, Status::skipped, "a door is open without it", ""};
  if (facts.driver_file == DriverFile::missing) {
    return {kId, Status::fail, "Linux " + facts.kernel + " has no driver sev-guest",
            "install this kernel's package of extra modules, or a kernel with CONFIG_SEV_GUEST "
            "(5.19 and later)"};
  }
  return {kId, Status::fail, "the driver sev-guest is not loaded",
          "modprobe sev-guest; and at every boot: echo sev-guest > "
          "/etc/modules-load.d/sev-guest.conf"};
}

Check check_tsm(const MachineFacts& facts, Door door) {
  constexpr std::string_view kId = "configfs_tsm";
  if (why_guest(facts, door).empty()) return {kId, Status::skipped, kNoGuest, ""};
  const TsmFolder& tsm = facts.tsm;
  if (forbidden(tsm.access) || forbidden(tsm.entry)) {
    return {kId, closed(door), "no permission to make an entry in /sys/kernel/config/tsm/report",
            "run as root: what is made in configfs is root's; for another user give it "
            "/dev/sev-guest instead"};
  }
  if (tsm.access != 0) return no_tsm(facts, door);
  if (tsm.entry == 0) return {kId, Status::ok, "/sys/kernel/config/tsm/report takes entries", ""};
  return {kId, closed(door), "an entry of ours failed: " + words(tsm.entry),
          tsm.entry == ENXIO || tsm.entry == ENOENT
              ? "modprobe sev-guest; where that says busy, programs that were killed left "
                "entries: rmdir /sys/kernel/config/tsm/report/* first"
              : "look at the kernel's log (dmesg)"};
}

Check check_provider(const MachineFacts& facts) {
  constexpr std::string_view kId = "provider";
  const std::string& provider = facts.tsm.provider;
  if (provider.empty())
    return {kId, Status::skipped, "no entry of configfs-tsm to read it from", ""};
  if (provider == "sev_guest") return {kId, Status::ok, provider, ""};
  return {kId, Status::fail, provider + ": another kind of confidential guest",
          "ratls reads AMD SEV-SNP reports only; use a machine with AMD EPYC"};
}

Check check_level(const MachineFacts& facts) {
  constexpr std::string_view kId = "vmpl";
  const std::string floor = facts.tsm.floor.value_or("");
  const std::string level = floor.empty() ? facts.vmpl.value_or("") : floor;
  if (level.empty())
    return {kId, Status::skipped, "not said here; the kernel of a guest does, from 6.10 on", ""};
  std::string got = "reports are for VMPL " + level;
  if (level == "0") return {kId, Status::ok, got, ""};
  got += facts.tsm.services ? ", below an SVSM (bound reports are not asked for)" : "";
  return {kId, Status::ok,
          got + "; the verifier's policy must accept it: \"vmpl\": [" + level + "]", ""};
}

Check check_device(const MachineFacts& facts, Door door) {
  constexpr std::string_view kId = "sev_guest_device";
  if (why_guest(facts, door).empty()) return {kId, Status::skipped, kNoGuest, ""};
  if (facts.device == 0) return {kId, Status::ok, "/dev/sev-guest can be opened", ""};
  if (forbidden(facts.device)) {
    return {kId, closed(door), "no permission to open /dev/sev-guest", kUdevFix};
  }
  if (facts.device == ENOENT) {
    return {kId, Status::skipped,
            facts.driver_loaded ? "there is none" : "it comes with the driver", ""};
  }
  return {kId, closed(door), "/dev/sev-guest cannot be opened: " + words(facts.device),
          facts.device == EBUSY ? "end the other program that has it open"
                                : "look at the kernel's log (dmesg)"};
}

}  // namespace ratls::doctor::detail
