// What else evidence and secrets need: time, and memory that is not written to disk.
#include <ratls/certgen/doctor/detail/checks.h>

namespace ratls::doctor::detail {

namespace {

// A clock before this release was made is wrong; so is one after ARK-Milan's last day.
constexpr Timestamp kReleased{1'793'491'200};  // 2026-11-01
constexpr Timestamp kRootsEnd{2'392'243'200};  // 2045-10-22
constexpr std::uint64_t kComfortable = 1U << 20U;

std::string kib(std::uint64_t bytes) {
  return std::to_string(bytes / 1024) + " KiB";
}

}  // namespace

Check check_clock(const MachineFacts& facts) {
  constexpr std::string_view kId = "clock";
  const std::string fix =
      "timedatectl set-ntp true, or install chrony; a guest's clock is its "
      "host's, so let verifiers judge dates";
  if (!facts.now) return {kId, Status::fail, "there is none", fix};
  const std::string now = to_rfc3339(*facts.now);
  if (*facts.now < kReleased) {
    return {kId, Status::fail, now + ": before this release was made", fix};
  }
  if (*facts.now > kRootsEnd) {
    return {kId, Status::fail, now + ": after AMD's root certificates end", fix};
  }
  if (facts.synchronised == false) {
    return {kId, Status::warn, now + ": plausible, but nothing keeps it right", fix};
  }
  return {kId, Status::ok, now + (facts.synchronised ? ", synchronised" : ", plausible"), ""};
}

Check check_memlock(const MachineFacts& facts) {
  constexpr std::string_view kId = "memlock";
  const std::string fix = "LimitMEMLOCK=infinity in the systemd unit, or ulimit -l unlimited";
  const std::string limit = facts.memlock ? kib(*facts.memlock) : "no limit";
  if (!facts.locks_memory) {
    return {kId, Status::fail, "a secret cannot be locked into memory (limit " + limit + ")", fix};
  }
  if (!facts.memlock || facts.may_exceed_memlock) {
    return {kId, Status::ok,
            limit + (facts.memlock ? ", which this user may exceed" : "") +
                ": all of a process with keys is locked",
            ""};
  }
  const std::string part = limit + ": secrets are locked, the rest of a process is not";
  if (*facts.memlock < kComfortable || !facts.swaps.empty()) {
    return {kId, Status::warn, part, fix};
  }
  return {kId, Status::ok, part + "; nothing is swapped here", ""};
}

Check check_swap(const MachineFacts& facts) {
  constexpr std::string_view kId = "swap";
  if (facts.swaps.empty()) return {kId, Status::ok, "none", ""};
  std::string list;
  for (const std::string& swap : facts.swaps) list += (list.empty() ? "" : ", ") + swap;
  return {kId, Status::warn, list + ": what is swapped out leaves the guest's encrypted memory",
          "swapoff -a, or encrypt it with a key that is made at every boot"};
}

}  // namespace ratls::doctor::detail
