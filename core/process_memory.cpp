#include <ratls/core/process_memory.h>

#include <array>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ratls {

namespace {

bool may_exceed_limit() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return ((sets[0].effective >> unsigned{CAP_IPC_LOCK}) & 1U) != 0;
}

}  // namespace

std::optional<std::uint64_t> memory_lock_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 0;
  if (limit.rlim_cur == RLIM_INFINITY || may_exceed_limit()) return std::nullopt;
  return limit.rlim_cur;
}

LockedMemory guard_process_memory() noexcept {
  const rlimit none{0, 0};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
  static_cast<void>(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  if (memory_lock_limit()) return LockedMemory::secrets_only;
  const bool locked = ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
  return locked ? LockedMemory::all : LockedMemory::secrets_only;
}

}  // namespace ratls
