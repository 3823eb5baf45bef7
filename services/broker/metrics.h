/// Counters of a broker, as Prometheus reads them (text format 0.0.4).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <ratls/core/error.h>
#include <ratls/verify/verdict.h>

namespace ratls::broker {

/// Labels come from closed lists only: no measurement, path, address or chip. Threads: one.
class Metrics {
 public:
  /// A handshake that ended; `verdict` may be null.
  void handshake(std::string_view result, std::chrono::microseconds took, const Verdict* verdict);
  void rejection(Reason reason);
  void release(std::string_view result);
  void turned_away() { ++turned_away_; }
  void connections(std::uint64_t now) { connections_ = now; }

  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::array<double, 10> kBuckets{.0005, .001, .002, .005, .01,
                                                   .02,   .05,  .1,   .5,   1};

  void durations(std::string& out) const;

  std::map<std::string, std::uint64_t, std::less<>> handshakes_;
  std::map<std::string, std::uint64_t, std::less<>> releases_;
  std::map<Reason, std::uint64_t> rejections_;
  struct Phase {
    double seconds = 0;
    std::uint64_t count = 0;
  };
  std::map<std::string, Phase, std::less<>> phases_;
  std::array<std::uint64_t, kBuckets.size()> buckets_{};
  double duration_sum_ = 0;
  std::uint64_t duration_count_ = 0;
  std::uint64_t turned_away_ = 0;
  std::uint64_t connections_ = 0;
};

}  // namespace ratls::broker
