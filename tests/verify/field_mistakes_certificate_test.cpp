// What other verifiers of SEV-SNP evidence get wrong, or did (docs/snp.md, section 3). Each name
// says the mistake, and who made it; each test shows that it is not ours.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>

#include "tests/verify/genuine.h"
#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

constexpr std::string_view kArc = "1.3.6.1.4.1.3704.1.";

std::string refusal(const SimulatedOptions& options) {
  return Simulated(options).refusal();
}

Bytes* extension(sim::EndorsementShape& shape, std::string_view tail) {
  for (auto& each : shape.extensions) {
    if (each.oid == std::string(kArc) + std::string(tail)) return &each.value;
  }
  return nullptr;
}

void remove_extension(sim::EndorsementShape& shape, std::string_view tail) {
  std::erase_if(shape.extensions, [&](const auto& each) {
    return each.oid == std::string(kArc) + std::string(tail);
  });
}

std::string revocation(bool vlek, const sim::CrlOptions& options, Revocation rule) {
  SimulatedOptions shape;
  shape.vlek = vlek;
  const Simulated world(shape);
  const Bytes list = test::authority().crl(sim::Product::milan, options).value();
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  auto policy = Policy::allow_only("guest", Covers::image, {golden})
                    .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                    .any_chip()
                    .any_platform()
                    .revocation(rule);
  const FixedClock clock(test::kNow);
  const Verifier verifier(std::move(policy)
                              .vlek_of({"CN=simulator.invalid"})
                              .dangerously_accept_milan()
                              .dangerously_trust_simulator(world.root)
                              .build()
                              .value(),
                          clock);
  ReportFile file = world.file();
  file.crl = ByteView(list);
  const auto verdict = verifier.verify_report(file).verdict;
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

sim::CrlOptions list_of(std::vector<sim::Ca> revoked, std::int64_t age_hours = 1) {
  sim::CrlOptions out;
  out.this_update = {test::kNow.unix_seconds - age_hours * 3600};
  out.next_update = {test::kNow.unix_seconds + 3600};
  out.revoked = std::move(revoked);
  return out;
}

}  // namespace

TEST_CASE("a root that comes with the evidence is not believed (go-sev-guest 185)") {
  const Simulated world;
  const FixedClock clock(test::kNow);
  const auto outcome = authenticate_report(world.file(), clock);
  CHECK(outcome.verdict.reason == Reason::simulated_not_allowed);
  CHECK_FALSE(outcome.accepted);
  // Nor is one simulator's root believed because another's is.
  SimulatedOptions other;
  other.product = sim::Product::genoa;
  const auto foreign = authenticate_report(Simulated(other).file(), world.roots(), clock);
  CHECK(foreign.verdict.reason == Reason::chain_untrusted);
  CHECK_FALSE(foreign.accepted);
}

TEST_CASE("the revocation of a VLEK's issuer is judged, not only that of a VCEK's (go-sev-guest)") {
  CHECK(revocation(true, list_of({sim::Ca::asvk}), Revocation::require(24)) == "revoked");
  CHECK(revocation(true, list_of({sim::Ca::ask}), Revocation::require(24)) == "accepted");
  CHECK(revocation(false, list_of({sim::Ca::ask}), Revocation::require(24)) == "revoked");
}

TEST_CASE("a stale revocation list is not taken for a current one (go-sev-guest)") {
  CHECK(revocation(false, list_of({}, 100), Revocation::require(24)) == "crl_stale");
}

TEST_CASE("serial number 0 on a revocation list does not revoke every VCEK") {
  auto list = list_of({});
  list.revoked_serials = {0};
  CHECK(revocation(false, list, Revocation::require(24)) == "accepted");
}

TEST_CASE("Turin's hwID has 8 bytes, and its TCB an FMC (go-sev-guest 153)") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const FixedClock clock(genuine.inside());
  const auto verdict = authenticate_report(genuine.file(), clock).verdict;
  CHECK(verdict.authentic);
  CHECK(verdict.json().find(R"("reported_tcb":{"fmc":1,)") != std::string::npos);
  SimulatedOptions long_id;
  long_id.product = sim::Product::turin;
  long_id.certificate = [](auto& shape) { extension(shape, "4")->resize(64); };
  CHECK(refusal(long_id) == "malformed_endorsement");
}

TEST_CASE("a CHIP_ID on Turin that differs behind its 8 bytes is another chip") {
  SimulatedOptions options;
  options.product = sim::Product::turin;
  options.report = [](auto& report) { report.chip_id.mutable_view()[63] = 1; };
  CHECK(refusal(options) == "chip_id_mismatch");
}

TEST_CASE("productName without a stepping is a product name (go-sev-guest)") {
  const auto genuine = test::genuine_case("genoa/v5-vcek-oak");
  CHECK(genuine.expected.at("ek").at("ext").at("productName1") == "Genoa");
  const FixedClock clock(genuine.inside());
  CHECK(authenticate_report(genuine.file(), clock).verdict.authentic);
}

TEST_CASE("a CHIP_ID of zeros does not switch the chip's check off behind a VCEK (go-sev-guest)") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.chip_id = {}; };
  CHECK(refusal(options) == "chip_id_masked");
}

TEST_CASE("hwID is compared with CHIP_ID although the name is SEV-VCEK (trustee, snpguest 159)") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.chip_id.mutable_view()[0] ^= 1; };
  CHECK(refusal(options) == "chip_id_mismatch");
}

TEST_CASE("an hwID that begins like an ASN.1 tag is an hwID (snpguest 38)") {
  for (const std::uint8_t tag : {std::uint8_t{0x02}, std::uint8_t{0x04}}) {
    SimulatedOptions options;
    options.report = [&](auto& report) {
      report.chip_id.mutable_view()[0] = tag;
      report.chip_id.mutable_view()[1] = 62;
    };
    options.certificate = [&](auto& shape) {
      Bytes& id = *extension(shape, "4");
      id[0] = tag;
      id[1] = 62;
    };
    CHECK(refusal(options) == "accepted");
  }
}

TEST_CASE("a missing hwID is not a passed check (TEE-Attestation-Verification 142)") {
  SimulatedOptions options;
  options.certificate = [](auto& shape) { remove_extension(shape, "4"); };
  CHECK(refusal(options) == "malformed_endorsement");
}

TEST_CASE("hwID is compared whole, not by its beginning (TEE-Attestation-Verification 142)") {
  SimulatedOptions longer;
  longer.certificate = [](auto& shape) { extension(shape, "4")->push_back(0); };
  CHECK(refusal(longer) == "malformed_endorsement");
  SimulatedOptions shorter;
  shorter.certificate = [](auto& shape) { extension(shape, "4")->pop_back(); };
  CHECK(refusal(shorter) == "malformed_endorsement");
}

TEST_CASE("the certificate's TCB is demanded, not only checked where it is present (snpguest)") {
  for (const char* tail : {"3.1", "3.2", "3.3", "3.8"}) {
    INFO(tail);
    SimulatedOptions options;
    options.certificate = [&](auto& shape) { remove_extension(shape, tail); };
    CHECK(refusal(options) == "malformed_endorsement");
  }
}

TEST_CASE("SIGNING_KEY is consulted: a VLEK's report is no VCEK's (virtee/sev, trustee)") {
  SimulatedOptions options;
  options.report = [](auto& report) { report.signed_by = sim::SignedBy::vlek; };
  CHECK(refusal(options) == "signing_key_mismatch");
  SimulatedOptions reverse;
  reverse.vlek = true;
  reverse.report = [](auto& report) { report.signed_by = sim::SignedBy::vcek; };
  CHECK(refusal(reverse) == "signing_key_mismatch");
}

TEST_CASE("a version 2 report with a VLEK and no CHIP_ID can be read (virtee/sev)") {
  SimulatedOptions options;
  options.vlek = true;
  options.report = [](auto& report) {
    report.version = 2;
    report.chip_id = {};
  };
  CHECK(refusal(options) == "accepted");
}

TEST_CASE("the dates of a certificate are judged (virtee/sev, trustee)") {
  SimulatedOptions expired;
  expired.certificate = [](auto& shape) {
    shape.not_before = {test::kNow.unix_seconds - 20};
    shape.not_after = {test::kNow.unix_seconds - 10};
  };
  CHECK(refusal(expired) == "endorsement_expired");
  SimulatedOptions early;
  early.certificate = [](auto& shape) { shape.not_before = {test::kNow.unix_seconds + 10}; };
  CHECK(refusal(early) == "endorsement_not_yet_valid");
}

TEST_CASE("PSS parameters are read with and without the default trailer (snpguest 57)") {
  for (const bool explicit_trailer : {false, true}) {
    SimulatedOptions options;
    options.certificate = [&](auto& shape) { shape.explicit_trailer = explicit_trailer; };
    CHECK(refusal(options) == "accepted");
  }
}

}  // namespace ratls
