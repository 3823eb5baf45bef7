// What a policy says about reports that no genuine machine has made for us.

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

Outcome<AcceptedReport> judge(const Simulated& world, Result<Policy> policy) {
  const FixedClock clock(test::kNow);
  return Verifier(policy.value(), clock).verify_report(world.file());
}

std::string reason(const Simulated& world, Result<Policy> policy) {
  const auto verdict = judge(world, std::move(policy)).verdict;
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

Simulated with(const std::function<void(sim::ReportOptions&)>& change) {
  SimulatedOptions options;
  options.report = change;
  return Simulated(options);
}

std::string reason_with(const std::function<void(sim::ReportOptions&)>& change) {
  const Simulated world = with(change);
  return reason(world, world.policy().build());
}

snp::KeyDigest digest(std::uint8_t byte) {
  return snp::KeyDigest(std::array<std::uint8_t, 48>{byte});
}

}  // namespace

TEST_CASE("attack 13: COMMITTED_TCB below the floor is refused, however high REPORTED is") {
  const Simulated world = with([](auto& report) {
    report.firmware.committed.snp = static_cast<std::uint8_t>(report.firmware.reported.snp - 1);
  });
  const auto verdict = judge(world, world.policy().build()).verdict;
  // Both checks speak: the order is broken, and the host can still roll back.
  CHECK(verdict.reason == Reason::tcb_order);
  CHECK(verdict.find("tcb")->reason == Reason::tcb_below_floor);
  CHECK(verdict.find("tcb")->got.starts_with("committed"));
}

TEST_CASE("reported <= committed <= current must hold in every component") {
  CHECK(reason_with([](auto& report) { report.firmware.committed.bootloader += 1; }) ==
        "tcb_order");
  CHECK(reason_with([](auto& report) { report.firmware.current.microcode -= 1; }) == "tcb_order");
  CHECK(reason_with([](auto& report) { report.firmware.current.snp += 1; }) == "accepted");
  CHECK(reason_with([](auto& report) {
          report.firmware.committed.snp += 1;
          report.firmware.current.snp += 1;
        }) == "accepted");
}

TEST_CASE("the launch TCB is shown and not judged: migration may break its order") {
  CHECK(reason_with([](auto& report) { report.firmware.launch.snp = 255; }) == "accepted");
}

TEST_CASE("attack 15: DEBUG, MIGRATE_MA and VMPL are refused, each with its own reason") {
  CHECK(reason_with([](auto& report) { report.launch.policy |= sim::kPolicyDebug; }) ==
        "debug_allowed");
  CHECK(reason_with([](auto& report) { report.launch.policy |= sim::kPolicyMigrateMa; }) ==
        "migration_allowed");
  CHECK(reason_with([](auto& report) { report.vmpl = 2; }) == "vmpl_not_allowed");
  CHECK(reason_with([](auto& report) { report.mask_chip_key = true; }) == "unsigned_report");
}

TEST_CASE("what a policy dangerously allows is accepted, and the record says so") {
  const Simulated world =
      with([](auto& report) { report.launch.policy |= sim::kPolicyDebug | sim::kPolicyMigrateMa; });
  const auto verdict =
      judge(world, world.policy().dangerously_allow_debug().dangerously_allow_migration().build())
          .verdict;
  CHECK(verdict.accepted);
  CHECK(verdict.find("debug")->got.find("dangerously") != std::string::npos);
  CHECK(verdict.find("migration")->got.find("dangerously") != std::string::npos);
}

TEST_CASE("ID key and author key are judged by their lists") {
  const Simulated world = with([](auto& report) {
    report.launch.id_key_digest.mutable_view()[0] = 7;
    report.launch.author_key_digest.mutable_view()[0] = 8;
    report.launch.author_key_en = true;
  });
  CHECK(reason(world, world.policy().only_id_keys({digest(7)}).build()) == "accepted");
  CHECK(reason(world, world.policy().only_id_keys({digest(9)}).build()) == "id_key_not_allowed");
  CHECK(reason(world, world.policy().only_author_keys({digest(8)}).build()) == "accepted");
  CHECK(reason(world, world.policy().only_author_keys({digest(9)}).build()) ==
        "author_key_not_allowed");
}

TEST_CASE("an author key digest without AUTHOR_KEY_EN counts for nothing") {
  const Simulated world =
      with([](auto& report) { report.launch.author_key_digest.mutable_view()[0] = 8; });
  CHECK(reason(world, world.policy().only_author_keys({digest(8)}).build()) ==
        "author_key_not_allowed");
}

TEST_CASE("a VLEK is accepted only of a provider that the policy names") {
  SimulatedOptions options;
  options.vlek = true;
  const Simulated world(options);
  CHECK(reason(world, world.policy().build()) == "accepted");
  CHECK(reason(world, world.policy().vlek_of({"CN=other"}).build()) == "csp_not_allowed");
  CHECK(reason(world, world.policy().vlek_of({}).build()) == "csp_not_allowed");
}

TEST_CASE("every product is accepted under its own floor, and Bergamo is not Genoa") {
  for (const sim::Product product : sim::kAllProducts) {
    SimulatedOptions options;
    options.product = product;
    const Simulated world(options);
    INFO(sim::name(product));
    CHECK(reason(world, world.policy().build()) == "accepted");
  }
  SimulatedOptions options;
  options.product = sim::Product::bergamo_siena;
  const Simulated bergamo(options);
  options.product = sim::Product::genoa;
  CHECK(reason(bergamo, Simulated(options).policy().build()) == "product_not_allowed");
}

TEST_CASE("a policy that does not name the simulator refuses its evidence") {
  const Simulated world;
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  CHECK(reason(world, Policy::allow_only("guest", Covers::image, {golden})
                          .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                          .any_chip()
                          .any_platform()
                          .revocation(Revocation::accept_missing())
                          .dangerously_accept_milan()
                          .build()) == "simulated_not_allowed");
}

TEST_CASE("after a policy failure every other rule is still judged, after a forgery none is") {
  const Simulated world = with([](auto& report) {
    report.launch.policy |= sim::kPolicyDebug;
    report.vmpl = 1;
    report.launch.measurement.mutable_view()[0] ^= 1;
  });
  const auto verdict = judge(world, world.policy().build()).verdict;
  CHECK(verdict.reason == Reason::debug_allowed);
  CHECK(verdict.find("vmpl")->status == CheckStatus::fail);
  CHECK(verdict.find("measurement")->status == CheckStatus::fail);
  CHECK(verdict.find("host_data")->status == CheckStatus::pass);
  Simulated forged;
  forged.report[0x90] ^= 1;
  const auto refused = judge(forged, forged.policy().build()).verdict;
  CHECK(refused.reason == Reason::signature_invalid);
  CHECK(refused.find("measurement")->status == CheckStatus::skipped);
  CHECK(refused.peer.empty());
}

TEST_CASE("of several guests the one that accepts is named, else the one that tells most") {
  const Simulated world;
  const auto first = Policy::allow_only("first", Covers::firmware,
                                        {snp::Measurement(std::array<std::uint8_t, 48>{9})})
                         .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                         .any_chip()
                         .any_platform()
                         .revocation(Revocation::accept_missing())
                         .dangerously_accept_milan()
                         .build()
                         .value();
  const auto outcome = judge(world, world.policy().also(first).build());
  REQUIRE(outcome.accepted);
  CHECK(outcome.accepted->guest_name() == "simulated");
  CHECK(outcome.accepted->covers() == Covers::image);
  const Simulated debug = with([](auto& report) { report.launch.policy |= sim::kPolicyDebug; });
  const auto verdict = judge(debug, debug.policy().also(first).build()).verdict;
  // "first" fails twice, "simulated" has the measurement: the verdict is about the latter.
  CHECK(verdict.find("measurement")->status == CheckStatus::pass);
  CHECK(verdict.reason == Reason::debug_allowed);
}

TEST_CASE("hints name the nearest measurement, a slip of the pen, and the short component") {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  const Simulated slip =
      with([](auto& report) { report.launch.measurement.mutable_view()[5] ^= 1; });
  const auto hint = judge(slip, slip.policy().build()).verdict.find("measurement")->hint;
  CHECK(hint.find("measurement 1 of \"simulated\" in 1 of 48 bytes") != std::string::npos);
  const Simulated other = with([](auto& report) { report.launch.measurement = {}; });
  const auto unknown = judge(other, other.policy().build()).verdict.find("measurement")->hint;
  CHECK(unknown.find("resembles none") != std::string::npos);
  const Simulated world;
  auto floor =
      test::tcb_of(sim::Product::milan, sim::recent_firmware(sim::Product::milan).reported);
  floor.snp = static_cast<std::uint8_t>(floor.snp + 2);
  const auto verdict = judge(world, Policy::allow_only("guest", Covers::image, {golden})
                                        .tcb_floor(snp::Product::milan, floor)
                                        .any_chip()
                                        .any_platform()
                                        .revocation(Revocation::accept_missing())
                                        .dangerously_accept_milan()
                                        .dangerously_trust_simulator(world.root)
                                        .build())
                           .verdict;
  CHECK(verdict.find("tcb")->hint.find("snp is 2 short of") != std::string::npos);
}

TEST_CASE("a policy's expiry needs a clock") {
  const Simulated world;
  const FixedClock none(std::nullopt);
  const auto policy = world.policy().expires({test::kNow.unix_seconds + 1}).build().value();
  CHECK(Verifier(policy, none).verify_report(world.file()).verdict.reason == Reason::no_time);
}

TEST_CASE("a clock that fails after authentication leaves no date of the policy unjudged") {
  const Simulated world;
  const FixedClock works(test::kNow);
  const FixedClock fails(std::nullopt);
  ClockRule rule;
  rule.not_before = test::kNow;
  const auto policy =
      world.policy().expires({test::kNow.unix_seconds + 1}).clock(rule).build().value();
  Trail trail(Scope::report);
  auto parsed = ParsedEvidence::from_file(world.file(), trail);
  REQUIRE(parsed.has_value());
  auto authentic = authenticate(std::move(parsed).value(), policy.roots(),
                                Revocation::accept_missing(), works, trail, {});
  REQUIRE(authentic.has_value());
  const auto accepted = appraise(std::move(authentic).value(), policy, fails, trail);
  REQUIRE_FALSE(accepted.has_value());
  CHECK(accepted.error().reason() == Reason::no_time);
  const Verdict verdict = std::move(trail).finish(false);
  CHECK(verdict.find("policy")->got == "no time");
  CHECK(verdict.find("clock")->got == "no time");
}

}  // namespace ratls
