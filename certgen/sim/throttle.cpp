#include <ratls/certgen/sim/throttle.h>

#include <thread>

namespace ratls::sim {

TimePoint SystemSleeper::now() {
  return std::chrono::steady_clock::now();
}

void SystemSleeper::sleep_for(Microseconds time) {
  if (time.count() > 0) std::this_thread::sleep_for(time);
}

Microseconds Throttle::next(TimePoint now) noexcept {
  if (options_.reports == 0) return options_.latency;
  TimePoint start = now;
  const bool open = used_ > 0 && now < window_end_;
  if (open && used_ >= options_.reports) start = window_end_;
  if (!open || start == window_end_) {
    used_ = 0;
    window_end_ = start + options_.window;
  }
  ++used_;
  return std::chrono::duration_cast<Microseconds>(start - now) + options_.latency;
}

}  // namespace ratls::sim
