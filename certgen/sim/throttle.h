/// How slow the real firmware is.
#pragma once

#include <chrono>

namespace ratls::sim {

using Microseconds = std::chrono::microseconds;
using TimePoint = std::chrono::steady_clock::time_point;

/// Time for the simulator, so that tests need not wait.
/// Threads: as whoever uses it; the Processor calls it from the thread that asks for reports.
class Sleeper {
 public:
  Sleeper() = default;
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  virtual ~Sleeper() = default;
  [[nodiscard]] virtual TimePoint now() = 0;
  virtual void sleep_for(Microseconds time) = 0;
};

/// The system's monotonic clock and real sleep.
class SystemSleeper final : public Sleeper {
 public:
  [[nodiscard]] TimePoint now() override;
  void sleep_for(Microseconds time) override;
};

/// The default is no delay at all.
struct ThrottleOptions {
  Microseconds latency{0};  ///< of each report
  unsigned reports = 0;     ///< allowed within one window; 0: any number
  Microseconds window{10'200'000};

  /// As measured on Google Cloud, Milan: 8 ms a report, and every tenth one stalls for 10.2 s.
  static constexpr ThrottleOptions real() {
    return ThrottleOptions{Microseconds{8'000}, 10, Microseconds{10'200'000}};
  }
};

/// A window opens with its first report; once it has had its number, the next report waits for the
/// window's end and opens another. Threads: one at a time.
class Throttle {
 public:
  explicit Throttle(const ThrottleOptions& options) noexcept : options_(options) {}

  /// How long a report asked for at `now` takes; counts it.
  [[nodiscard]] Microseconds next(TimePoint now) noexcept;

 private:
  ThrottleOptions options_;
  TimePoint window_end_{};
  unsigned used_ = 0;
};

}  // namespace ratls::sim
