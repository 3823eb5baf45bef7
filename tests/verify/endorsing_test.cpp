// What ties a report to its certificate, and the certificate to a root: each mistake that other
// verifiers made has a test with its name (docs/attacks.md).

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>
#include <ratls/verify/snp/detail/endorsing.h>

#include "tests/verify/genuine.h"
#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

std::string refusal_at(const test::GenuineCase& genuine, const char* time) {
  const FixedClock clock(parse_rfc3339(time));
  const auto verdict = authenticate_report(genuine.file(), clock).verdict;
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

std::string other_tcb(const std::function<void(sim::Tcb&)>& change, sim::Product product) {
  SimulatedOptions options;
  options.product = product;
  auto tcb = sim::recent_firmware(product).reported;
  change(tcb);
  options.endorsed_tcb = tcb;
  return Simulated(options).refusal();
}

}  // namespace

TEST_CASE("go-sev-guest 185: a root that came with the evidence is not a root") {
  const Simulated world;
  const FixedClock clock(test::kNow);
  const auto verdict = authenticate_report(world.file(), clock).verdict;
  CHECK(verdict.reason == Reason::simulated_not_allowed);
  CHECK_FALSE(verdict.simulated);
}

TEST_CASE("a simulator that is trusted for one product signs for no other") {
  SimulatedOptions options;
  options.product = sim::Product::genoa;
  const Simulated genoa(options);
  const Simulated milan;
  const FixedClock clock(test::kNow);
  const auto verdict = authenticate_report(genoa.file(), milan.roots(), clock).verdict;
  CHECK(verdict.reason == Reason::chain_untrusted);
}

TEST_CASE("trusting a simulator takes nothing away from AMD's own roots") {
  const auto genuine = test::genuine_case("milan/v3-vcek-dstack");
  const Simulated world;
  const FixedClock clock(genuine.inside());
  const auto verdict = authenticate_report(genuine.file(), world.roots(), clock).verdict;
  CHECK(verdict.authentic);
  CHECK_FALSE(verdict.simulated);
}

TEST_CASE("snpguest 159 and trustee: hwID is compared with CHIP_ID, always") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.chip_id.mutable_view()[63] ^= 1; };
  CHECK(Simulated(options).refusal() == "chip_id_mismatch");
}

TEST_CASE("on Turin the 56 bytes of CHIP_ID behind the hwID must be zero") {
  SimulatedOptions options;
  options.product = sim::Product::turin;
  options.report = [](auto& report) { report.chip_id.mutable_view()[8] = 1; };
  CHECK(Simulated(options).refusal() == "chip_id_mismatch");
}

TEST_CASE("go-sev-guest (h): a zero CHIP_ID does not skip the binding of a VCEK") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.chip_id = {}; };
  CHECK(Simulated(options).refusal() == "chip_id_masked");
}

TEST_CASE("a VLEK report with a zero CHIP_ID is authentic, as AWS makes them") {
  SimulatedOptions options;
  options.vlek = true;
  options.report = [](auto& report) { report.chip_id = {}; };
  CHECK(Simulated(options).refusal() == "accepted");
}

TEST_CASE("trustee: SIGNING_KEY decides which certificate is the right one") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.signed_by = sim::SignedBy::vlek; };
  CHECK(Simulated(options).refusal() == "signing_key_mismatch");
  SimulatedOptions reverse;
  reverse.vlek = true;
  reverse.report = [](auto& report) { report.signed_by = sim::SignedBy::vcek; };
  CHECK(Simulated(reverse).refusal() == "signing_key_mismatch");
}

TEST_CASE("every component of REPORTED_TCB must equal the certificate's, higher or lower") {
  for (const int step : {-1, 1}) {
    const auto by = [step](std::uint8_t& value) {
      value = static_cast<std::uint8_t>(value + step);
    };
    const auto milan = sim::Product::milan;
    const auto turin = sim::Product::turin;
    CHECK(other_tcb([&](auto& tcb) { by(tcb.bootloader); }, milan) == "tcb_mismatch");
    CHECK(other_tcb([&](auto& tcb) { by(tcb.snp); }, milan) == "tcb_mismatch");
    CHECK(other_tcb([&](auto& tcb) { by(tcb.microcode); }, milan) == "tcb_mismatch");
    CHECK(other_tcb([&](auto& tcb) { by(tcb.fmc); }, turin) == "tcb_mismatch");
    CHECK(other_tcb([&](auto& tcb) { by(tcb.microcode); }, turin) == "tcb_mismatch");
  }
  CHECK(other_tcb([](auto& tcb) { tcb.tee = 1; }, sim::Product::milan) == "tcb_mismatch");
}

TEST_CASE("microsoft 142: dates are judged at the injected clock, to the second") {
  const auto genuine = test::genuine_case("milan/v3-vlek-aws-trustee");
  CHECK(refusal_at(genuine, "2024-12-10T22:14:20Z") == "endorsement_not_yet_valid");
  CHECK(refusal_at(genuine, "2024-12-10T22:14:21Z") == "accepted");
  CHECK(refusal_at(genuine, "2025-12-10T22:14:21Z") == "accepted");
  CHECK(refusal_at(genuine, "2025-12-10T22:14:22Z") == "endorsement_expired");
  CHECK(refusal_at(genuine, "1970-01-01T00:00:00Z") == "endorsement_not_yet_valid");
}

TEST_CASE("no time is an error, not 1970 and not a pass") {
  const auto genuine = test::genuine_case("milan/v3-vcek-dstack");
  const FixedClock clock(std::nullopt);
  const auto outcome = authenticate_report(genuine.file(), clock);
  CHECK_FALSE(outcome.accepted);
  CHECK(outcome.verdict.reason == Reason::no_time);
}

TEST_CASE("a clock that is a little slow is suspected by name, and the policy may allow it") {
  const auto genuine = test::genuine_case("milan/v3-vcek-dstack");
  const auto begins =
      Certificate::parse_der_or_pem(*genuine.file().endorsement, Reason::malformed_endorsement)
          ->not_before();
  const FixedClock slow(Timestamp{begins.unix_seconds - 40});
  const auto verdict = authenticate_report(genuine.file(), slow).verdict;
  CHECK(verdict.reason == Reason::endorsement_not_yet_valid);
  CHECK(verdict.find("validity")->hint.find("clock skew suspected: the clock is 40 s before") == 0);
  auto whole = test::policy_for(genuine);
  for (const auto& [skew, expected] :
       {std::pair{40, std::optional<Reason>()}, {39, Reason::endorsement_not_yet_valid}}) {
    whole["clock"] = {{"max_skew_seconds", skew}, {"not_before", nullptr}};
    const auto policy = parse_policy(as_bytes(whole.dump())).value();
    CHECK(Verifier(policy, slow).verify_report(genuine.file()).verdict.reason == expected);
  }
}

TEST_CASE("a clock that is off gets a hint that says by how much") {
  const auto genuine = test::genuine_case("milan/v3-vcek-dstack");
  const FixedClock early(parse_rfc3339("2026-06-10T00:00:00Z"));
  const auto verdict = authenticate_report(genuine.file(), early).verdict;
  CHECK(verdict.find("validity")->hint.find("days before the certificate") != std::string::npos);
  const FixedClock late(parse_rfc3339("2033-06-19T00:00:00Z"));
  CHECK(authenticate_report(genuine.file(), late).verdict.find("validity")->hint.find("ago") !=
        std::string::npos);
}

TEST_CASE("a version 2 report is authentic by the product of its certificate") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.version = 2; };
  CHECK(Simulated(options).refusal() == "accepted");
  options.product = sim::Product::genoa;
  CHECK(Simulated(options).refusal() == "accepted");
}

TEST_CASE("a version 2 report with a Turin certificate is refused") {
  auto genuine = test::genuine_case("milan/v2-vcek-trustee");
  const auto turin = test::genuine_case("turin/v5-vcek-microsoft");
  ReportFile file = genuine.file();
  file.endorsement = ByteView(*turin.endorsement);
  const FixedClock clock(turin.inside());
  CHECK(authenticate_report(file, clock).verdict.reason == Reason::product_mismatch);
}

TEST_CASE("a report that another key signed is refused") {
  const Simulated one;
  SimulatedOptions options;
  options.report = [](auto& report) { report.vmpl = 1; };
  Simulated two(options);
  // The signature of one report under the bytes of another.
  std::copy(one.report.begin() + 0x2a0, one.report.end(), two.report.begin() + 0x2a0);
  CHECK(two.refusal() == "signature_invalid");
}

TEST_CASE(
    "microsoft 152 and akash 3365: a certificate signed by another key of the tree is refused") {
  const Simulated world;
  auto shape = sim::EndorsementShape{};
  SimulatedOptions options;
  options.certificate = [&](auto& made) { shape = made; };
  Simulated wrong(options);
  wrong.endorsement = test::authority().issue(sim::Product::milan, sim::Ca::ark, shape).value();
  CHECK(wrong.refusal() == "chain_untrusted");
  wrong.endorsement = test::authority().issue(sim::Product::milan, sim::Ca::asvk, shape).value();
  CHECK(wrong.refusal() == "chain_untrusted");
  wrong.endorsement = test::authority().issue(sim::Product::genoa, sim::Ca::ask, shape).value();
  CHECK(wrong.refusal() == "chain_untrusted");
}

TEST_CASE("agentrust 384: another REPORT_DATA than expected is fatal") {
  const auto genuine = test::genuine_case("genoa/v5-vcek-oak");
  const FixedClock clock(genuine.inside());
  ReportFile file = genuine.file();
  file.expected_report_data = ReportData::parse_hex(genuine.field("report_data"));
  CHECK(authenticate_report(file, clock).verdict.authentic);
  // az_snp_vtpm of trustee leaves the upper half unchecked.
  for (const std::size_t byte : {0U, 31U, 32U, 63U}) {
    auto wrong = *ReportData::parse_hex(genuine.field("report_data"));
    wrong.mutable_view()[byte] ^= 0x80;
    file.expected_report_data = wrong;
    CHECK(authenticate_report(file, clock).verdict.reason == Reason::binding_mismatch);
  }
}

TEST_CASE("without an expectation the record says that the binding was not compared") {
  const auto genuine = test::genuine_case("genoa/v5-vcek-oak");
  const FixedClock clock(genuine.inside());
  const auto verdict = authenticate_report(genuine.file(), clock).verdict;
  CHECK(verdict.find("binding")->status == CheckStatus::skipped);
}

}  // namespace ratls
