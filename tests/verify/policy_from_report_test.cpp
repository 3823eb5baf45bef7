// The strict policy for one report accepts it, and nothing beside it.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/policy_from_report.h>
#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "tests/verify/genuine.h"
#include "tests/verify/simulated.h"

namespace ratls {

namespace {

std::string reason_of(const Verdict& verdict) {
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

// The policy's own file, with missing lists accepted: none of the vectors has one.
Policy relaxed(const Policy& policy) {
  std::string text = policy_text(policy);
  const auto at = text.find("{\"mode\": \"require\"");
  REQUIRE(at != std::string::npos);
  text.replace(at, text.find('}', at) + 1 - at, R"({"mode": "accept_missing"})");
  return parse_policy(as_bytes(text)).value();
}

}  // namespace

TEST_CASE("the policy made of a genuine report accepts that report and no other") {
  std::vector<std::pair<test::GenuineCase, Policy>> made;
  for (const char* name : {"turin/v5-vcek-microsoft", "genoa/v5-vcek-oak", "milan/v3-vcek-dstack",
                           "milan/v3-vlek-aws-trustee", "siena-bergamo/v5-vcek-live"}) {
    auto genuine = test::genuine_case(name);
    const auto policy = policy_from_report(genuine.file(), {});
    INFO(name);
    REQUIRE(policy);
    made.emplace_back(std::move(genuine), relaxed(*policy));
  }
  for (const auto& [genuine, policy] : made) {
    const FixedClock clock(genuine.inside());
    for (const auto& [other, others] : made) {
      INFO(genuine.name << " under the policy of " << other.name);
      const auto verdict = Verifier(others, clock).verify_report(genuine.file()).verdict;
      CHECK(verdict.accepted == (genuine.name == other.name));
    }
  }
}

TEST_CASE("a report that allows DEBUG or migration makes no policy unless that is said") {
  test::SimulatedOptions options;
  options.report = [](auto& report) { report.launch.policy |= sim::kPolicyDebug; };
  const test::Simulated debug(options);
  CHECK(policy_from_report(debug.file(), {}).error().reason() == Reason::debug_allowed);
  PolicyDraft draft;
  draft.dangerously_allow_debug = true;
  CHECK(policy_from_report(debug.file(), draft)->dangers().size() == 1);
  options.report = [](auto& report) { report.launch.policy |= sim::kPolicyMigrateMa; };
  const test::Simulated migrating(options);
  CHECK(policy_from_report(migrating.file(), {}).error().reason() == Reason::migration_allowed);
}

TEST_CASE("a version 2 report and a VLEK report need their certificate") {
  test::SimulatedOptions options;
  options.report = [](auto& report) { report.version = 2; };
  const test::Simulated old(options);
  ReportFile alone;
  alone.report = old.report;
  CHECK(policy_from_report(alone, {}).error().reason() == Reason::missing_endorsement);
  CHECK(policy_from_report(old.file(), {}));
  options.report = [](auto&) {};
  options.vlek = true;
  const test::Simulated vlek(options);
  alone.report = vlek.report;
  CHECK(policy_from_report(alone, {}).error().reason() == Reason::missing_endorsement);
  const auto policy = policy_from_report(vlek.file(), {});
  REQUIRE(policy);
  CHECK(detail::data_of(*policy).accept.at(0).csp_ids.values().at(0) == "CN=simulator.invalid");
}

TEST_CASE("every launch choice of the report is in the policy made of it") {
  test::SimulatedOptions options;
  options.report = [](auto& report) {
    report.launch.guest_svn = 3;
    report.launch.author_key_en = true;
    report.launch.author_key_digest.mutable_view()[0] = 1;
    report.vmpl = 2;
  };
  const test::Simulated world(options);
  PolicyDraft draft;
  draft.covers = Covers::image;
  const auto policy = policy_from_report(world.file(), draft).value();
  const auto& rule = detail::data_of(policy).accept.at(0);
  CHECK(rule.covers == Covers::image);
  CHECK(rule.min_guest_svn == 3);
  CHECK_FALSE(rule.author_keys.is_any());
  CHECK(rule.vmpls == std::set<std::uint32_t>{2});
  CHECK(rule.mitigations.current == 0x0b);
  CHECK(rule.launch.at_most_current);
  CHECK_FALSE(rule.milan_accepted);
  const FixedClock clock(test::kNow);
  const auto verdict = Verifier(policy, clock).verify_report(world.file()).verdict;
  CHECK(reason_of(verdict) == "simulated_not_allowed");
}

}  // namespace ratls
