/// When the next request may go out.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include <ratls/core/result.h>
#include <ratls/kds/detail/patience.h>

namespace ratls::kds {

/// Spaces requests of one kind, and holds back all of them while the service wants quiet.
/// Threads: all functions may run at once.
class Pacer {
 public:
  using OnWait = std::function<void(std::chrono::milliseconds, const char* why)>;

  explicit Pacer(std::chrono::milliseconds pace) noexcept : pace_(pace) {}

  /// Waits in the calling thread until a request may go out; `spaced` ones keep the pace among
  /// themselves. Errors: kds_throttled, at once, where that is after the deadline; as Patience.
  Result<void> wait_turn(bool spaced, const Patience& patience, const OnWait& on_wait);

  /// The service asked for quiet for so long from now.
  void hold(std::chrono::milliseconds time);

  /// Wakes everybody who waits; they then look at their Patience.
  void wake();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  Result<void> sleep_until(TimePoint turn, const Patience& patience,
                           std::unique_lock<std::mutex>& lock);

  const std::chrono::milliseconds pace_;
  std::mutex mutex_;
  std::condition_variable woken_;
  TimePoint next_spaced_{};
  TimePoint quiet_until_{};
};

}  // namespace ratls::kds
