/// CPU time, by which everything here is measured: a shared machine's wall clock tells little.
#pragma once

#include <chrono>
#include <ctime>

namespace ratls::bench {

using Nanoseconds = std::chrono::nanoseconds;

inline Nanoseconds read_clock(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

/// Of this thread.
inline Nanoseconds thread_cpu() noexcept {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/// Of all threads together.
inline Nanoseconds process_cpu() noexcept {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

inline double seconds(Nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

}  // namespace ratls::bench
