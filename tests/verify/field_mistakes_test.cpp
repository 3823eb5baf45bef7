// What other verifiers of SEV-SNP evidence get wrong, or did (docs/snp.md, section 3). Each name
// says the mistake, and who made it; each test shows that it is not ours.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>
#include <ratls/verify/snp/detail/report.h>

#include "tests/verify/genuine.h"
#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

std::string refusal(const SimulatedOptions& options) {
  return Simulated(options).refusal();
}

// The reason for which a report with these bytes changed is refused; nobody signs it anew.
std::string refusal_of_bytes(std::size_t at, std::uint8_t value) {
  Simulated world;
  world.report[at] = value;
  return world.refusal();
}

}  // namespace

TEST_CASE("PLATFORM_INFO bits that are newer than the verifier do not refuse (go-sev-guest)") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const auto bits = std::stoull(genuine.field("platform_info"), nullptr, 0);
  CHECK((bits & (1ULL << 6U)) != 0);
  const FixedClock clock(genuine.inside());
  CHECK(authenticate_report(genuine.file(), clock).verdict.authentic);
  SimulatedOptions newer;
  newer.report = [](auto& report) { report.firmware.platform_info |= 1ULL << 40U; };
  CHECK(refusal(newer) == "accepted");
}

TEST_CASE("Bergamo and Siena are known by all their models (go-sev-guest, snpguest)") {
  for (unsigned model = 0xa0; model <= 0xaf; ++model) {
    CHECK(snp::detail::product_of(0x19, static_cast<std::uint8_t>(model)) ==
          snp::Product::bergamo_siena);
  }
  CHECK(snp::detail::product_of(0x19, 0x00) == snp::Product::milan);
  CHECK(snp::detail::product_of(0x19, 0x10) == snp::Product::genoa);
  const auto genuine = test::genuine_case("siena-bergamo/v5-vcek-live");
  const FixedClock clock(genuine.inside());
  CHECK(authenticate_report(genuine.file(), clock).verdict.authentic);
}

TEST_CASE("Venice is not read as if it were Turin (virtee/sev 396)") {
  for (const unsigned model : {0x50U, 0x57U, 0x90U, 0x9fU, 0xa0U, 0xafU, 0xc0U, 0xc7U}) {
    CHECK_FALSE(snp::detail::product_of(0x1a, static_cast<std::uint8_t>(model)));
  }
  Simulated world;
  world.report[0x188] = 0x1a;
  world.report[0x189] = 0x50;
  CHECK(world.refusal() == "unsupported_product");
}

TEST_CASE("COMMITTED below CURRENT is accepted, as real clouds have it (go-sev-guest)") {
  std::size_t differing = 0;
  for (const auto& genuine : test::genuine_cases()) {
    const auto& fields = genuine.expected.at("fields");
    if (!genuine.valid() || fields.at("committed_tcb") == fields.at("current_tcb")) continue;
    INFO(genuine.name);
    ++differing;
    const FixedClock clock(genuine.inside());
    const auto policy = parse_policy(as_bytes(test::policy_for(genuine).dump())).value();
    CHECK(Verifier(policy, clock).verify_report(genuine.file()).accepted);
  }
  CHECK(differing > 0);
}

TEST_CASE("a policy that leaves a decision out is an error, not \"unchecked\" (go-sev-guest)") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const auto good = test::policy_for(genuine);
  REQUIRE(parse_policy(as_bytes(good.dump())));
  for (const char* key : {"measurements", "min_tcb", "guest_policy", "vmpl", "platform_info",
                          "host_data", "id_key_digests", "chip_ids", "vlek_csp_ids"}) {
    auto less = good;
    less["accept"][0].erase(key);
    INFO(key);
    const auto policy = parse_policy(as_bytes(less.dump()));
    REQUIRE_FALSE(policy);
    CHECK(policy.error().reason() == Reason::invalid_policy);
  }
}

TEST_CASE("the padding of R and S, and the tail behind them, must be zero (virtee/sev)") {
  for (const std::size_t at : {0x2a0U + 48U, 0x2a0U + 71U, 0x2a0U + 72U + 48U, 0x2a0U + 143U,
                               0x2a0U + 144U, 0x2a0U + 511U}) {
    INFO(at);
    CHECK(refusal_of_bytes(at, 1) == "malformed_report");
  }
}

TEST_CASE(
    "a report version that is newer than known is not read as the newest known (virtee/sev)") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.version = 6; };
  CHECK(refusal(options) == "unsupported_version");
}

TEST_CASE("all 64 bytes of REPORT_DATA are compared, the upper half too (az-snp-vtpm)") {
  const Simulated world;
  const FixedClock clock(test::kNow);
  for (const std::size_t at : {0U, 31U, 32U, 63U}) {
    ReportData expected;
    expected.mutable_view()[at] = 1;
    ReportFile file = world.file();
    file.expected_report_data = expected;
    INFO(at);
    const auto outcome = authenticate_report(file, world.roots(), clock);
    CHECK(outcome.verdict.reason == Reason::binding_mismatch);
    CHECK_FALSE(outcome.accepted);
  }
}

TEST_CASE(
    "DEBUG and a TCB below the floor refuse by themselves, without a policy engine (trustee)") {
  const FixedClock clock(test::kNow);
  SimulatedOptions options;
  options.report = [](auto& report) { report.launch.policy |= sim::kPolicyDebug; };
  const Simulated debug(options);
  CHECK(
      Verifier(debug.policy().build().value(), clock).verify_report(debug.file()).verdict.reason ==
      Reason::debug_allowed);
  SimulatedOptions low;
  low.report = [](auto& report) { report.firmware.reported.snp -= 1; };
  const Simulated old(low);
  CHECK(Verifier(old.policy().build().value(), clock).verify_report(old.file()).verdict.reason ==
        Reason::tcb_below_floor);
}

TEST_CASE("a higher microcode does not make up for a lower SNP firmware") {
  const snp::Tcb floor{std::nullopt, 4, 0, 22, 213};
  CHECK_FALSE(snp::Tcb{std::nullopt, 4, 0, 21, 255}.at_least(floor));
  CHECK(snp::Tcb{std::nullopt, 4, 0, 22, 213}.at_least(floor));
}

TEST_CASE("the reserved bits of POLICY are looked at") {
  CHECK(refusal_of_bytes(0x008 + 2, 0x01) == "malformed_report");  // bit 17 must be 1
  CHECK(refusal_of_bytes(0x008 + 7, 0x80) == "malformed_report");  // bits 63:26 must be 0
}

TEST_CASE("a report that the host asked for says nothing of the guest") {
  Simulated world;
  for (const std::size_t at : {0x30U, 0x31U, 0x32U, 0x33U}) world.report[at] = 0xff;
  CHECK(world.refusal() == "host_requested_report");
}

TEST_CASE("a report that the firmware did not sign is refused as that, not as a bad signature") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.mask_chip_key = true; };
  CHECK(refusal(options) == "unsigned_report");
}

TEST_CASE("the other form of an ECDSA signature is another digest, so no digest is a replay key") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("the genuine evidence (../shared/vectors) is not here");
  const std::string folder = *vectors + "/derived/from-turin-v5";
  const auto expected = nlohmann::json::parse(test::read_file(folder + "/expected.json").value());
  const auto base = test::genuine_case(expected.at("base").get<std::string>());
  const Bytes other = test::read_file(folder + "/sig-s-negated.bin").value();
  const FixedClock clock(base.inside());
  const auto policy = parse_policy(as_bytes(test::policy_for(base).dump())).value();
  ReportFile file = base.file();
  const auto first = Verifier(policy, clock).verify_report(file);
  file.report = other;
  const auto second = Verifier(policy, clock).verify_report(file);
  REQUIRE(first.accepted);
  REQUIRE(second.accepted);
  CHECK(first.accepted->evidence_digest() != second.accepted->evidence_digest());
  CHECK(first.accepted->report_id() == second.accepted->report_id());
}

}  // namespace ratls
