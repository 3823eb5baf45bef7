#include <ratls/certgen/detail/report_pacer.h>

#include <ratls/certgen/sim/throttle.h>

#include <catch2/catch_test_macros.hpp>

using namespace ratls;
using namespace std::chrono_literals;
using detail::ReportPacer;

namespace {

const ReportPacer::TimePoint kStart{1000s};

/// Asks for reports one after another for `length`, as often as the pacer lets it, from firmware
/// with such a throttle.
struct Run {
  Run(ReportPacer& pacer, sim::ThrottleOptions throttled, std::chrono::milliseconds length,
      ReportPacer::TimePoint from = kStart)
      : now(from) {
    sim::Throttle throttle(throttled);
    while (now < from + length) {
      now = pacer.earliest(now);
      const auto took = throttle.next(now);
      pacer.record(now, now + took, false);
      if (took > 1s) ++stalls;
      longest_gap = std::max(longest_gap, now - last);
      last = now;
      now += took;
      ++reports;
    }
  }

  ReportPacer::TimePoint now;
  ReportPacer::TimePoint last = now;
  std::chrono::steady_clock::duration longest_gap{};
  unsigned reports = 0;
  unsigned stalls = 0;
};

}  // namespace

TEST_CASE("after a quiet time a burst of reports may start at once, and then one each 1.1 s") {
  ReportPacer pacer({});
  auto now = kStart;
  for (int i = 0; i < 8; ++i) {
    CHECK(pacer.earliest(now) == now);
    pacer.record(now, now + 8ms, false);
    now += 8ms;
  }
  const auto wait = pacer.earliest(now) - now;
  CHECK(wait > 900ms);
  CHECK(wait < 1200ms);
}

TEST_CASE("an hour of asking as often as is allowed never runs into the measured throttle") {
  ReportPacer pacer({});
  const Run run(pacer, sim::ThrottleOptions::real(), 3600s);
  CHECK(run.stalls == 0);
  CHECK(run.reports > 3000);
  CHECK(run.longest_gap <= 10'200ms);
}

TEST_CASE("a stricter host is learned from its first stall and obeyed from then on") {
  ReportPacer pacer({});
  auto strict = sim::ThrottleOptions::real();
  strict.reports = 4;
  const Run first(pacer, strict, 60s);
  CHECK(first.stalls == 1);
  CHECK(pacer.pace().window_reports == 4);
  CHECK(pacer.pace().burst == 4);
}

TEST_CASE("a source that says it is throttled is believed without a stall") {
  ReportPacer pacer({});
  auto now = kStart;
  for (int i = 0; i < 3; ++i) pacer.record(now, now + 8ms, false);
  pacer.record(now, now + 10ms, true);
  CHECK(pacer.pace().window_reports == 3);
  CHECK(pacer.earliest(now + 10ms) > now + 1s);
}

TEST_CASE("a host that stalls on its first report is still asked, once a window") {
  ReportPacer pacer({});
  pacer.record(kStart, kStart + 10s, false);
  CHECK(pacer.pace().window_reports == 1);
  CHECK(pacer.earliest(kStart + 10s) == kStart + 10s + 10'200ms);
}

TEST_CASE("what a stall took is given back after quiet windows, never beyond the default") {
  ReportPacer pacer({});
  pacer.record(kStart, kStart + 10s, false);
  auto now = kStart + 20s;
  for (int i = 0; i < 10'000; ++i) {
    now = pacer.earliest(now + 5s);
    pacer.record(now, now + 8ms, false);
  }
  CHECK(pacer.pace().window_reports == 10);
  CHECK(pacer.pace().burst == 8);
}
