// Several policies over the same evidence: who accepts, whose verdict is told, and what it costs.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/detail/operation_count.h>

#include "tests/verify/session_fixture.h"

namespace ratls {

namespace {

using detail::counted;
using detail::Operation;
using test::SharedReport;

const SharedReport& shared() {
  static const SharedReport of_two(2);
  return of_two;
}

const FixedClock& at_noon() {
  static const FixedClock clock(test::kNow);
  return clock;
}

snp::Measurement golden() {
  return *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
}

// A policy for a guest of this measurement; `svn` is the TCB floor's SNP component.
Policy policy_of(const std::string& name, const snp::Measurement& measurement, std::uint8_t svn = 0,
                 Covers covers = Covers::image) {
  return Policy::allow_only(name + "-guest", covers, {measurement})
      .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, svn, 0})
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .dangerously_accept_milan()
      .named(name, 3)
      .dangerously_trust_simulator(shared().world->root)
      .build()
      .value();
}

Policy of_amd_alone(const std::string& name) {
  return Policy::allow_only(name + "-guest", Covers::image, {golden()})
      .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .dangerously_accept_milan()
      .named(name, 1)
      .build()
      .value();
}

const snp::Measurement kStrange(std::array<std::uint8_t, 48>{9});

Outcome<VerifiedPeer> judge(std::vector<Policy> policies) {
  const Verifier verifier(Policies::of(std::move(policies)).value(), at_noon());
  return verifier.verify(shared().evidence[0], SharedReport::view(0));
}

std::vector<std::string> accepted_by(const Outcome<VerifiedPeer>& outcome) {
  std::vector<std::string> out;
  for (const Acceptance& each : outcome.accepted->acceptances()) {
    out.push_back(each.policy.name + "/" + each.guest);
  }
  return out;
}

}  // namespace

TEST_CASE("a peer that one of several policies accepts is accepted, and that one is named") {
  const auto outcome = judge({policy_of("a", kStrange), policy_of("b", golden())});
  REQUIRE(outcome.accepted);
  CHECK(outcome.verdict.policy->name == "b");
  CHECK(outcome.accepted->guest_name() == "b-guest");
  CHECK(accepted_by(outcome) == std::vector<std::string>{"b/b-guest"});
  REQUIRE(outcome.verdict.other_policies.size() == 1);
  CHECK(outcome.verdict.other_policies[0].policy.name == "a");
  CHECK(outcome.verdict.other_policies[0].reason == Reason::measurement_not_allowed);
  CHECK(outcome.verdict.text().find("ALSO REFUSED BY   a version 3: measurement_not_allowed") !=
        std::string::npos);
}

TEST_CASE("all policies that accept a peer are known, the first of them gives the verdict") {
  const auto outcome = judge({policy_of("a", golden()), policy_of("b", kStrange),
                              policy_of("c", golden(), 0, Covers::firmware)});
  REQUIRE(outcome.accepted);
  CHECK(outcome.verdict.policy->name == "a");
  CHECK(accepted_by(outcome) == std::vector<std::string>{"a/a-guest", "c/c-guest"});
  CHECK(outcome.accepted->covers() == Covers::image);
  CHECK(outcome.accepted->acceptances().back().covers == Covers::firmware);
  CHECK_FALSE(outcome.verdict.other_policies.back().reason);
  CHECK(outcome.verdict.text().find("ALSO ACCEPTED BY  c version 3") != std::string::npos);
}

TEST_CASE("a refusal by all policies shows every check of the one that came nearest") {
  const auto outcome =
      judge({of_amd_alone("strict"), policy_of("far", kStrange), policy_of("near", golden(), 255),
             policy_of("farther", kStrange, 255)});
  CHECK_FALSE(outcome.accepted);
  CHECK(outcome.verdict.policy->name == "near");
  CHECK(outcome.verdict.reason == Reason::tcb_below_floor);
  CHECK(outcome.verdict.authentic);
  CHECK(outcome.verdict.find("measurement")->status == CheckStatus::pass);
  std::vector<std::string> others;
  for (const auto& other : outcome.verdict.other_policies) others.push_back(other.policy.name);
  CHECK(others == std::vector<std::string>{"strict", "far", "farther"});
  CHECK(outcome.verdict.other_policies[0].reason == Reason::simulated_not_allowed);
}

TEST_CASE("no policy lends its simulator to another") {
  const auto outcome = judge({of_amd_alone("production"), policy_of("staging", golden())});
  REQUIRE(outcome.accepted);
  CHECK(outcome.accepted->simulated());
  CHECK(outcome.verdict.simulated);
  CHECK(accepted_by(outcome) == std::vector<std::string>{"staging/staging-guest"});
  CHECK_FALSE(judge({of_amd_alone("production"), of_amd_alone("more")}).accepted);
}

TEST_CASE("public-key arithmetic is done once for all policies of the same roots") {
  const auto p384 = counted(Operation::p384_verify);
  const auto rsa = counted(Operation::rsa_verify);
  REQUIRE(judge({policy_of("a", kStrange), policy_of("b", kStrange), policy_of("c", golden())})
              .accepted);
  CHECK(counted(Operation::p384_verify) - p384 == 1);
  CHECK(counted(Operation::rsa_verify) - rsa == 1);
}

TEST_CASE("a forged report costs one verification, however many policies there are") {
  const SharedReport forged(1, [](EvidenceEnvelope& envelope) {
    envelope.report[0x0c0] ^= 1U;  // HOST_DATA, which the binding does not cover
  });
  const auto all =
      Policies::of({policy_of("a", golden()), policy_of("b", golden()), policy_of("c", kStrange)});
  const Verifier verifier(all.value(), at_noon());
  const auto before = counted(Operation::p384_verify);
  const auto outcome = verifier.verify(forged.evidence[0], SharedReport::view(0));
  CHECK(outcome.verdict.reason == Reason::signature_invalid);
  CHECK(counted(Operation::p384_verify) - before == 1);
  REQUIRE(outcome.verdict.other_policies.size() == 2);
  CHECK(outcome.verdict.other_policies[1].reason == Reason::signature_invalid);
}

TEST_CASE("evidence for another session is refused before any of several policies is asked") {
  const Verifier verifier(
      Policies::of({policy_of("a", golden()), policy_of("b", golden())}).value(), at_noon());
  const auto outcome = verifier.verify(shared().evidence[0], SharedReport::view(1));
  CHECK(outcome.verdict.reason == Reason::binding_mismatch);
  CHECK_FALSE(outcome.verdict.policy);
  CHECK(outcome.verdict.other_policies.empty());
}

TEST_CASE("policies are replaced together, and one replaces several") {
  Verifier verifier(Policies::of({policy_of("a", golden()), policy_of("b", golden())}).value(),
                    at_noon());
  verifier.replace_policy(policy_of("c", kStrange));
  CHECK(verifier.policies().all().size() == 1);
  const auto outcome = verifier.verify(shared().evidence[0], SharedReport::view(0));
  CHECK(outcome.verdict.reason == Reason::measurement_not_allowed);
  CHECK(outcome.verdict.policy->name == "c");
  CHECK(outcome.verdict.other_policies.empty());
}

TEST_CASE("policies that judge together have names of their own, and are one to sixteen") {
  CHECK(Policies::of({}).error().reason() == Reason::invalid_policy);
  CHECK(Policies::of({policy_of("a", golden()), policy_of("a", kStrange)})
            .error()
            .detail()
            .find("two policies are called a") != std::string::npos);
  std::vector<Policy> many;
  for (int i = 0; i < 17; ++i) many.push_back(policy_of("p" + std::to_string(i), golden()));
  CHECK_FALSE(Policies::of(many));
  many.pop_back();
  CHECK(Policies::of(many));
}

}  // namespace ratls
