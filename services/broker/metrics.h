/// Counters of a broker, as Prometheus reads them (text format 0.0.4); docs/broker.md lists them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <ratls/core/clock.h>
#include <ratls/core/error.h>
#include <ratls/verify/verdict.h>
#include <ratls/verify/verifier.h>

namespace ratls::broker {

/// What is as it is when somebody asks.
struct Gauges {
  std::uint64_t connections = 0;
  std::uint64_t handshakes = 0;
  std::uint64_t waiting = 0;
  Verifier::Remembered remembered;
  /// By kind ("vcek", "crl", "policy" ...): when the first of them ends.
  std::map<std::string, Timestamp> expiries;
};

/// Labels come from closed lists only: no measurement, path, address or chip. Threads: one.
class Metrics {
 public:
  Metrics();
  /// A handshake that ended; `verdict` may be null.
  void handshake(std::string_view result, std::chrono::microseconds took, const Verdict* verdict);
  void rejection(Reason reason);
  void release(std::string_view result);
  void turned_away(std::string_view rule) { ++turned_away_[std::string(rule)]; }

  [[nodiscard]] std::string text(const Gauges& now) const;

 private:
  static constexpr std::array<double, 10> kBuckets{.0005, .001, .002, .005, .01,
                                                   .02,   .05,  .1,   .5,   1};
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  void durations(std::string& out) const;
  void phases(std::string& out) const;

  Counts handshakes_;
  Counts releases_;
  Counts turned_away_;
  std::map<Reason, std::uint64_t> rejections_;
  struct Phase {
    double seconds = 0;
    std::uint64_t count = 0;
  };
  std::map<std::string, Phase, std::less<>> phases_;
  std::array<std::uint64_t, kBuckets.size()> buckets_{};
  double duration_sum_ = 0;
  std::uint64_t duration_count_ = 0;
};

}  // namespace ratls::broker
