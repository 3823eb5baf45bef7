/// Keeping what a whole process holds out of core dumps, debuggers and swap.
///
/// SecretBytes lock themselves. Keys that the TLS library works with (a session's key, traffic
/// secrets, the leaf's key) lie in its heap, so a program that holds such keys guards all of its
/// memory, before it makes the first.
#pragma once

#include <cstdint>
#include <optional>

namespace ratls {

/// How much of this process is locked into RAM.
enum class LockedMemory : std::uint8_t {
  all,           ///< every page, present and future
  secrets_only,  ///< SecretBytes: the limit of locked memory does not allow for more
};

/// No core dumps (RLIMIT_CORE 0), no debugger or /proc/PID/mem for the same user
/// (PR_SET_DUMPABLE 0), and every page locked once it is touched (mlockall), where there is no
/// limit on locked memory or CAP_IPC_LOCK lifts it. With a limit nothing but SecretBytes is locked:
/// a process that reached it could make no thread any more. Children inherit only the first.
/// Threads: any; call it once, early.
LockedMemory guard_process_memory() noexcept;

/// RLIMIT_MEMLOCK in bytes; nothing where no limit holds for this process.
std::optional<std::uint64_t> memory_lock_limit() noexcept;

}  // namespace ratls
