// The rules of broker.json against the policy that judges the guests.

#include <catch2/catch_test_macros.hpp>

#include <ratls/services/broker/config.h>
#include <ratls/verify/policy_guests.h>

#include "../../support/sim_world.h"

namespace ratls {

namespace {

broker::ReleaseRules rules_for(std::set<std::string> accept, bool firmware_only = false) {
  broker::ReleaseRule rule;
  rule.accept = std::move(accept);
  rule.firmware_only_accepted = firmware_only;
  return {{"kbs:///agents/llm/api-key", std::move(rule)}};
}

Policy firmware_policy() {
  return Policy::allow_only("cloud", Covers::firmware, {snp::Measurement()})
      .tcb_floor(snp::Product::genoa, snp::Tcb())
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .build()
      .value();
}

}  // namespace

TEST_CASE("a rule for a guest that the policy does not have is refused, with the nearest name") {
  test::SimWorld world;
  const Policy policy = world.policy();
  const auto guests = guests_of(policy);
  REQUIRE(guests.size() == 1);
  CHECK(broker::check_against(rules_for({guests[0].name}), policy));
  const auto checked = broker::check_against(rules_for({guests[0].name + "x"}), policy);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().reason() == Reason::invalid_config);
  CHECK(checked.error().detail().ends_with("did you mean \"" + guests[0].name + "\"?"));
}

TEST_CASE(
    "a rule by which nobody could be given anything is refused, unless the danger is written") {
  const Policy policy = firmware_policy();
  const auto checked = broker::check_against(rules_for({"cloud"}), policy);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().detail().find("dangerously_accept_firmware_only") != std::string::npos);
  CHECK(broker::check_against(rules_for({"cloud"}, true), policy));
}

}  // namespace ratls
