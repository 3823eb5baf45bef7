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

Policy firmware_policy(const std::string& name = "cloud", const std::string& guest = "cloud") {
  return Policy::allow_only(guest, Covers::firmware, {snp::Measurement()})
      .tcb_floor(snp::Product::genoa, snp::Tcb())
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .named(name, 1)
      .build()
      .value();
}

}  // namespace

TEST_CASE("a rule for a guest that the policy does not have is refused, with the nearest name") {
  test::SimWorld world;
  const Policy policy = world.policy();
  const auto guests = guests_of(policy);
  REQUIRE(guests.size() == 1);
  const std::string name = policy.name() + "/" + guests[0].name;
  CHECK(broker::check_against(rules_for({name}), policy));
  const auto checked = broker::check_against(rules_for({name + "x"}), policy);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().reason() == Reason::invalid_config);
  CHECK(checked.error().detail().ends_with("did you mean \"" + name + "\"?"));
}

TEST_CASE(
    "a rule by which nobody could be given anything is refused, unless the danger is written") {
  const Policy policy = firmware_policy();
  const auto checked = broker::check_against(rules_for({"cloud/cloud"}), policy);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().detail().find("dangerously_accept_firmware_only") != std::string::npos);
  CHECK(broker::check_against(rules_for({"cloud/cloud"}, true), policy));
}

TEST_CASE(
    "guests of one name in two policies are told apart, and only whom a rule names is meant") {
  const auto two = Policies::of({firmware_policy("a", "agent"), firmware_policy("b", "agent")});
  CHECK(broker::check_against(rules_for({"a/agent", "b/agent"}, true), *two));
  CHECK_FALSE(broker::check_against(rules_for({"c/agent"}, true), *two));
  const auto same = Policies::of({firmware_policy("a", "b/c"), firmware_policy("a/b", "c")});
  const auto checked = broker::check_against(rules_for({"a/b/c"}, true), *same);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().detail().find("two guests are called a/b/c") != std::string::npos);
}

TEST_CASE("every relaxation of a policy or a rule is a sentence that names it") {
  auto rules = rules_for({"cloud/cloud"}, true);
  CHECK(broker::dangers_of(rules, firmware_policy()).size() == 1);
  rules.begin()->second.key_bound_accepted = true;
  const auto dangers = broker::dangers_of(rules, firmware_policy());
  REQUIRE(dangers.size() == 2);
  CHECK(dangers[1].starts_with("kbs:///agents/llm/api-key: "));
  CHECK(dangers[1].find("CVE-2026-33697") != std::string::npos);
}

}  // namespace ratls
