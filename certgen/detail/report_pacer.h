/// When the next report may be asked for.
#pragma once

#include <chrono>
#include <deque>

#include <ratls/certgen/report_pace.h>

namespace ratls::detail {

/// A token bucket under a sliding window. A request that takes far longer than a report does has
/// run into the host's throttle: what went through before it in the window is what this host
/// allows, and from then on no more is asked. Quiet windows give it back one by one.
/// Threads: one at a time.
class ReportPacer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A report takes 8 ms, on the slowest machines some hundred; the throttle's shortest retry is
  /// 2 s.
  static constexpr std::chrono::milliseconds kStall{1500};
  /// So many windows without a stall give back one report of what a stall took.
  static constexpr unsigned kQuietWindows = 60;

  explicit ReportPacer(const ReportPace& pace) : default_(pace), pace_(pace), tokens_(pace.burst) {}

  /// Not before `now`.
  [[nodiscard]] TimePoint earliest(TimePoint now) const;
  /// A request was under way from `began` to `ended`. `throttled`: the source said so itself.
  void record(TimePoint began, TimePoint ended, bool throttled);

  /// What this host is taken to allow.
  [[nodiscard]] const ReportPace& pace() const noexcept { return pace_; }

 private:
  [[nodiscard]] double tokens_at(TimePoint now) const;
  void drop_before(TimePoint moment);
  void learn_stall(std::size_t passed, TimePoint ended);
  void learn_quiet(TimePoint ended);

  ReportPace default_;
  ReportPace pace_;
  double tokens_;
  TimePoint counted_{};
  TimePoint stalled_{};
  std::deque<TimePoint> begun_;  ///< within the last window
};

}  // namespace ratls::detail
