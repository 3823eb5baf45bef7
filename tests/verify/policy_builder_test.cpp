// Policies written in code.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/policy.h>

namespace ratls {

namespace {

const snp::Measurement kGolden(std::array<std::uint8_t, 48>{1});
const snp::Tcb kFloor{std::nullopt, 10, 0, 25, 84};

PolicyBuilder complete() {
  return Policy::allow_only("agent", Covers::image, {kGolden})
      .tcb_floor(snp::Product::genoa, kFloor)
      .any_chip()
      .any_platform()
      .revocation(Revocation::require(24));
}

std::string error_of(Result<Policy> policy) {
  if (policy) return "accepted";
  CHECK(policy.error().reason() == Reason::invalid_policy);
  return policy.error().detail();
}

}  // namespace

TEST_CASE("a policy in code is strict wherever nothing is said") {
  const auto policy = complete().build().value();
  const auto& rule = detail::data_of(policy).accept.at(0);
  CHECK(rule.vmpls == std::set<std::uint32_t>{0});
  CHECK(rule.report_versions == std::set<std::uint32_t>{3, 4, 5});
  CHECK_FALSE(rule.debug_allowed);
  CHECK_FALSE(rule.migration_allowed);
  CHECK_FALSE(rule.csp_ids.is_any());
  CHECK(rule.csp_ids.values().empty());
  CHECK(policy.dangers().empty());
  CHECK_FALSE(policy.expires());
}

TEST_CASE("an empty allow-list is an error, not \"any\"") {
  const auto policy = Policy::allow_only("agent", Covers::image, {})
                          .tcb_floor(snp::Product::genoa, kFloor)
                          .any_chip()
                          .any_platform()
                          .revocation(Revocation::require(24))
                          .build();
  CHECK(error_of(policy) == "agent: the list of measurements is empty");
}

TEST_CASE("a step of the builder that was taken already ends in an error of build()") {
  auto floor = Policy::allow_only("agent", Covers::image, {kGolden});
  auto instances = std::move(floor).tcb_floor(snp::Product::genoa, kFloor);
  auto platform = std::move(instances).any_chip();
  auto revocation = std::move(platform).any_platform();
  auto builder = std::move(revocation).revocation(Revocation::require(24));
  const auto policy = std::move(builder).build().value();
  const auto spent = [](PolicyBuilder again) {
    return error_of(std::move(again).build()).find("been taken") != std::string::npos;
  };
  const auto list = Revocation::require(24);
  CHECK(spent(std::move(builder)));
  CHECK(spent(std::move(builder).named("again", 1).launch_at_floor().also(policy)));
  CHECK(spent(std::move(revocation).revocation(list)));
  CHECK(spent(std::move(platform).any_platform().revocation(list)));
  CHECK(spent(std::move(instances)
                  .tcb_floor(snp::Product::genoa, kFloor)
                  .any_chip()
                  .platform({}, {})
                  .revocation(list)));
  CHECK(spent(std::move(floor)
                  .tcb_floor(snp::Product::genoa, kFloor)
                  .only_chips({})
                  .any_platform()
                  .revocation(list)));
}

TEST_CASE("other empty or impossible decisions are errors") {
  CHECK(error_of(complete().vmpls({}).build()).find("VMPL") != std::string::npos);
  CHECK(error_of(complete().vmpls({4}).build()).find("VMPL") != std::string::npos);
  CHECK(error_of(complete().report_versions({}).build()).find("report versions") !=
        std::string::npos);
  CHECK(error_of(complete().report_versions({1}).build()) != "accepted");
  CHECK(error_of(complete().report_versions({6}).build()) != "accepted");
  CHECK(error_of(complete().named("", 1).build()) != "accepted");
  CHECK(error_of(complete().guest_policy({"smt"}, {"smt"}).build()) != "accepted");
  CHECK(error_of(complete().guest_policy({"debug"}, {}).build()) != "accepted");
  CHECK(error_of(complete().guest_policy({}, {"sntp"}).build()) != "accepted");
  CHECK(error_of(complete().only_host_data({}).build()) == "accepted");  // allows nothing
}

TEST_CASE("a floor needs an FMC on Turin, and must not have one elsewhere") {
  const auto with = [](snp::Product product, snp::Tcb floor) {
    return error_of(Policy::allow_only("agent", Covers::image, {kGolden})
                        .tcb_floor(snp::Product::genoa, kFloor)
                        .tcb_floor(product, floor)
                        .any_chip()
                        .any_platform()
                        .revocation(Revocation::accept_missing())
                        .build());
  };
  CHECK(with(snp::Product::turin, kFloor) != "accepted");
  CHECK(with(snp::Product::turin, {1, 1, 1, 4, 81}) == "accepted");
  CHECK(with(snp::Product::milan, {1, 1, 1, 4, 81}) != "accepted");
}

TEST_CASE("floors of launch and firmware are for every accepted product, or for none") {
  const snp::Tcb turin{1, 1, 1, 4, 81};
  CHECK(error_of(complete().launch_at_floor().launch_at_most_current().build()) == "accepted");
  CHECK(error_of(complete().launch_floor(snp::Product::genoa, kFloor).build()) == "accepted");
  CHECK(
      error_of(complete().launch_floor(snp::Product::turin, turin).build()).find("same products") !=
      std::string::npos);
  CHECK(error_of(complete().launch_floor(snp::Product::genoa, turin).build()).find("fmc") !=
        std::string::npos);
  CHECK(error_of(complete().min_firmware(snp::Product::genoa, {1, 55, 40}).build()) == "accepted");
  CHECK(error_of(complete().min_firmware(snp::Product::milan, {1, 55, 40}).build())
            .find("same products") != std::string::npos);
}

TEST_CASE("Milan in code needs a list of chips, or the flag that says what that means") {
  const auto milan = [] {
    return Policy::allow_only("agent", Covers::image, {kGolden})
        .tcb_floor(snp::Product::milan, kFloor);
  };
  const auto rest = [](PolicyNeedsPlatform needs) {
    return std::move(needs).any_platform().revocation(Revocation::require(24));
  };
  CHECK(error_of(rest(milan().any_chip()).build()).find("Milan on any chip") != std::string::npos);
  CHECK(error_of(rest(milan().any_chip()).dangerously_accept_milan().build()) == "accepted");
  CHECK(error_of(rest(milan().only_chips({snp::ChipId()})).build()) == "accepted");
  CHECK(error_of(complete().dangerously_accept_milan().build()).find("none of the products") !=
        std::string::npos);
}

TEST_CASE("a revocation age outside of an hour and a year is an error") {
  const auto with = [](std::uint32_t hours) {
    return error_of(Policy::allow_only("agent", Covers::image, {kGolden})
                        .tcb_floor(snp::Product::genoa, kFloor)
                        .only_chips({snp::ChipId()})
                        .platform({0x20}, {0x02})
                        .revocation(Revocation::require(hours))
                        .build());
  };
  CHECK(with(0) != "accepted");
  CHECK(with(1) == "accepted");
  CHECK(with(8760) == "accepted");
  CHECK(with(8761) != "accepted");
}

TEST_CASE("chips, platform and the rest reach the rule") {
  const auto policy = Policy::dangerously_allow_any_measurement("agent", Covers::firmware)
                          .tcb_floor(snp::Product::genoa, kFloor)
                          .only_chips({snp::ChipId()})
                          .platform({0x20}, {0x02})
                          .revocation(Revocation::accept_missing())
                          .named("prod", 9)
                          .expires({1})
                          .vmpls({0, 1})
                          .report_versions({2})
                          .only_host_data({snp::HostData()})
                          .only_id_keys({snp::KeyDigest()})
                          .only_author_keys({snp::KeyDigest()})
                          .vlek_of({"CN=cloud"})
                          .guest_policy({"smt"}, {"cxl"})
                          .only_families({snp::FamilyId()})
                          .only_images({snp::ImageId()})
                          .min_guest_svn(4)
                          .deny_chips({snp::ChipId()})
                          .mitigations(3, 1)
                          .min_abi({1, 51})
                          .dangerously_allow_debug()
                          .dangerously_allow_migration()
                          .build()
                          .value();
  const auto& rule = detail::data_of(policy).accept.at(0);
  CHECK(rule.measurements.is_any());
  CHECK(rule.platform.must == 0x20);
  CHECK(rule.platform.must_not == 0x02);
  CHECK(rule.guest_policy.must == 1U << 16U);
  CHECK(rule.guest_policy.must_not == 1U << 21U);
  CHECK_FALSE(rule.family_ids.is_any());
  CHECK_FALSE(rule.image_ids.is_any());
  CHECK(rule.min_guest_svn == 4);
  CHECK(rule.denied_chips.size() == 1);
  CHECK(rule.mitigations.current == 3);
  CHECK(rule.mitigations.launch == 1);
  CHECK(rule.min_abi == snp::AbiVersion{1, 51});
  CHECK(policy.name() == "prod");
  CHECK(policy.version() == 9);
  CHECK(policy.expires() == Timestamp{1});
  CHECK(policy.dangers().size() == 3);
  CHECK(policy.summary().find("VLEK providers: CN=cloud") != std::string::npos);
}

TEST_CASE("several guests are several rules, and two of one name are refused") {
  const auto other = complete().build().value();
  CHECK(error_of(complete().also(other).build()) == "two guests are called agent");
  auto second = Policy::allow_only("second", Covers::firmware, {kGolden})
                    .tcb_floor(snp::Product::genoa, kFloor)
                    .any_chip()
                    .any_platform()
                    .revocation(Revocation::require(24))
                    .build()
                    .value();
  const auto both = complete().also(second).build().value();
  CHECK(detail::data_of(both).accept.size() == 2);
}

TEST_CASE("policies in code that differ in anything have different hashes") {
  const auto one = complete().build().value();
  const auto same = complete().build().value();
  CHECK(one.sha256() == same.sha256());
  CHECK(one.sha256() != complete().vmpls({1}).build()->sha256());
  CHECK(one.sha256() != complete().only_host_data({snp::HostData()}).build()->sha256());
  CHECK(one.sha256() != complete().dangerously_allow_debug().build()->sha256());
  CHECK(one.sha256() != complete().min_guest_svn(1).build()->sha256());
  CHECK(one.sha256() != complete().mitigations(1, 0).build()->sha256());
  CHECK(one.sha256() != complete().mitigations(0, 1).build()->sha256());
  CHECK(one.sha256() != complete().min_abi({1, 51}).build()->sha256());
  CHECK(one.sha256() != complete().launch_at_floor().build()->sha256());
  CHECK(one.sha256() != complete().launch_at_most_current().build()->sha256());
  CHECK(one.sha256() != complete().deny_chips({snp::ChipId()}).build()->sha256());
}

}  // namespace ratls
