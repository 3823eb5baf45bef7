#include <ratls/certgen/detail/report_pacer.h>

#include <algorithm>

namespace ratls::detail {

namespace {

using Seconds = std::chrono::duration<double>;

}  // namespace

double ReportPacer::tokens_at(TimePoint now) const {
  const double earned = Seconds(now - counted_).count() * pace_.per_second;
  return std::min(tokens_ + earned, static_cast<double>(pace_.burst));
}

ReportPacer::TimePoint ReportPacer::earliest(TimePoint now) const {
  TimePoint out = now;
  const double missing = 1.0 - tokens_at(now);
  if (missing > 0) {
    out += std::chrono::ceil<std::chrono::microseconds>(Seconds(missing / pace_.per_second));
  }
  if (begun_.size() >= pace_.window_reports) {
    out = std::max(out, begun_[begun_.size() - pace_.window_reports] + pace_.window);
  }
  return out;
}

void ReportPacer::record(TimePoint began, TimePoint ended, bool throttled) {
  drop_before(began - pace_.window);
  tokens_ = tokens_at(began) - 1.0;
  counted_ = began;
  if (throttled || ended - began > kStall) {
    learn_stall(begun_.size(), ended);
    return;
  }
  begun_.push_back(began);
  learn_quiet(ended);
}

void ReportPacer::drop_before(TimePoint moment) {
  while (!begun_.empty() && begun_.front() < moment) begun_.pop_front();
}

// The stalled report opened the host's next window.
void ReportPacer::learn_stall(std::size_t passed, TimePoint ended) {
  const auto allowed = static_cast<unsigned>(std::max<std::size_t>(passed, 1));
  pace_.window_reports = std::min(pace_.window_reports, allowed);
  pace_.burst = std::min(pace_.burst, pace_.window_reports);
  tokens_ = 0;
  counted_ = stalled_ = ended;
  begun_.assign(1, ended);
}

void ReportPacer::learn_quiet(TimePoint ended) {
  if (pace_.window_reports >= default_.window_reports) return;
  if (ended - stalled_ < kQuietWindows * pace_.window) return;
  stalled_ = ended;
  ++pace_.window_reports;
  pace_.burst = std::min(default_.burst, pace_.window_reports);
}

}  // namespace ratls::detail
