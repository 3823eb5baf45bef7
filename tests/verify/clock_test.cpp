// A clock that stops answering, or jumps, while evidence is judged.

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;

/// Knows the time until it has been asked `left` times; then it shows `later`, or nothing.
class ChangingClock final : public Clock {
 public:
  ChangingClock(int left, std::optional<Timestamp> later) : left_(left), later_(later) {}
  [[nodiscard]] std::optional<Timestamp> now() const override {
    ++asked;
    return asked <= left_ ? std::optional(test::kNow) : later_;
  }
  mutable int asked = 0;

 private:
  int left_;
  std::optional<Timestamp> later_;
};

Verdict judge(const Simulated& world, const Bytes& list, const Clock& clock) {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  const auto policy = Policy::allow_only("guest", Covers::image, {golden})
                          .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                          .any_chip()
                          .any_platform()
                          .revocation(Revocation::require(48))
                          .expires({test::kNow.unix_seconds + 86400})
                          .clock({0, Timestamp{test::kNow.unix_seconds - 86400}})
                          .dangerously_accept_milan()
                          .dangerously_trust_simulator(world.root)
                          .build()
                          .value();
  ReportFile file = world.file();
  file.crl = ByteView(list);
  return Verifier(policy, clock).verify_report(file).verdict;
}

Bytes fresh_list() {
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - 3600};
  options.next_update = {test::kNow.unix_seconds + 360000};
  return test::authority().crl(sim::Product::milan, options).value();
}

}  // namespace

TEST_CASE("a clock that stops answering at any moment of an appraisal is no acceptance") {
  const Simulated world;
  const Bytes list = fresh_list();
  const ChangingClock steady(1000, std::nullopt);
  REQUIRE(judge(world, list, steady).accepted);
  REQUIRE(steady.asked >= 3);
  for (int left = 0; left < steady.asked; ++left) {
    INFO("answers " << left << " times");
    const Verdict verdict = judge(world, list, ChangingClock(left, std::nullopt));
    CHECK_FALSE(verdict.accepted);
    CHECK(verdict.reason == Reason::no_time);
  }
}

TEST_CASE("a clock that jumps by ten years at any moment of an appraisal is no acceptance") {
  constexpr std::int64_t kTenYears = 10LL * 365 * 86400;
  const Simulated world;
  const Bytes list = fresh_list();
  const ChangingClock steady(1000, std::nullopt);
  REQUIRE(judge(world, list, steady).accepted);
  for (const std::int64_t jump : {kTenYears, -kTenYears}) {
    // The last question is whether the clock was set back, which no jump forward answers with yes.
    const int questions = jump > 0 ? steady.asked - 1 : steady.asked;
    for (int left = 0; left < questions; ++left) {
      INFO("jumps by " << jump << " s after " << left << " answers");
      const Timestamp later{test::kNow.unix_seconds + jump};
      CHECK_FALSE(judge(world, list, ChangingClock(left, later)).accepted);
    }
  }
}

}  // namespace ratls
