// Evidence of Azure's confidential VMs: a simulated guest passes, and each change fails for its
// own reason.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/crypto.h>
#include <ratls/verify/inspect.h>
#include <ratls/verify/policy_review.h>

#include "tests/verify/azure_guest.h"

using namespace ratls;
using ratls::test::AzureChanges;
using ratls::test::AzureScene;

namespace {

Reason reason_of(const AzureChanges& changes) {
  const Verdict verdict = AzureScene(changes).verdict();
  CHECK_FALSE(verdict.accepted);
  CHECK_FALSE(verdict.authentic);
  REQUIRE(verdict.reason);
  return *verdict.reason;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

constexpr std::size_t kExtraSize = 4 + 2 + 2 + 34;  // offset of the qualifying data's size

}  // namespace

TEST_CASE("a guest on Azure is accepted by its report, its vTPM's quote and its PCRs") {
  AzureScene scene;
  const Verdict verdict = scene.verdict();
  INFO(verdict.text());
  CHECK(verdict.accepted);
  CHECK(verdict.authentic);
  CHECK(verdict.simulated);
  for (const auto* id : {"hcl_report", "tpm_quote", "binding", "runtime_data", "paravisor",
                         "attestation_key", "quote_signature", "pcr_values", "tpm_pcrs"}) {
    INFO(id);
    const Check* check = verdict.find(id);
    REQUIRE(check != nullptr);
    CHECK(check->status == CheckStatus::pass);
  }
  CHECK(verdict.find("tpm_pcrs")->hint.find("paravisor only") != std::string::npos);
  CHECK(verdict.json().find("\"vtpm\":{\"kind\":\"azure\",\"vm_id\":\"00000000-") !=
        std::string::npos);
}

TEST_CASE("a paravisor's report of a wrong shape is refused") {
  AzureChanges changes;
  const auto at =
      GENERATE(std::size_t{0}, std::size_t{8}, std::size_t{12}, std::size_t{16}, std::size_t{20},
               std::size_t{0x4c0}, std::size_t{0x4c4}, std::size_t{0x4d0});
  changes.hcl = [at](Bytes& hcl) { hcl[at] ^= 1; };
  CHECK(reason_of(changes) == Reason::malformed_hcl_report);
  AzureChanges longer;
  longer.hcl = [](Bytes& hcl) { hcl.push_back(1); };
  CHECK(reason_of(longer) == Reason::malformed_hcl_report);
  AzureChanges shorter;
  shorter.hcl = [](Bytes& hcl) { hcl.pop_back(); };
  CHECK(reason_of(shorter) == Reason::malformed_hcl_report);
}

TEST_CASE("a paravisor's report of another kind is refused by name") {
  AzureChanges changes;
  const auto [at, value] = GENERATE(std::pair<std::size_t, std::uint8_t>{4, 9},
                                    std::pair<std::size_t, std::uint8_t>{0x4c8, 4},
                                    std::pair<std::size_t, std::uint8_t>{0x4cc, 2});
  changes.hcl = [at = at, value = value](Bytes& hcl) { hcl[at] = value; };
  CHECK(reason_of(changes) == Reason::unsupported_hcl_report);
}

TEST_CASE("runtime data that the report does not vouch for is refused") {
  AzureChanges other;  // another key in place of the one that was vouched for
  other.hcl = [](Bytes& hcl) { hcl[0x4d4 + 100] ^= 1; };
  CHECK(reason_of(other) == Reason::runtime_data_mismatch);
  AzureChanges upper;
  upper.report_data = [](ReportData& data) { data.mutable_view().back() = 1; };
  CHECK(reason_of(upper) == Reason::runtime_data_mismatch);
}

TEST_CASE("a report that the guest itself could have requested names no vTPM key") {
  AzureChanges changes;
  changes.vmpl = 1;
  CHECK(reason_of(changes) == Reason::paravisor_vmpl);
}

TEST_CASE("runtime data that is not strict JSON with one key is refused, though vouched for") {
  AzureChanges changes;
  const std::string how = GENERATE("no json", "duplicate member", "two keys", "no key", "no RSA",
                                   "padding", "leading zero");
  INFO(how);
  changes.runtime = [&](std::string& json) {
    if (how == "no json") json += "}";
    if (how == "duplicate member") json = replaced(json, "\"kty\"", "\"kty\":\"RSA\",\"kty\"");
    if (how == "two keys") {
      json = replaced(json, "\"}],",
                      "\"},"
                      R"({"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"AQ"}],)");
    }
    if (how == "no key") json = replaced(json, "HCLAkPub", "HCLEkPub");
    if (how == "no RSA") json = replaced(json, "\"RSA\"", "\"EC\"");
    if (how == "padding") json = replaced(json, "AQAB", "AQAB====");
    if (how == "leading zero") json = replaced(json, "AQAB", "AAEAAQ");
  };
  CHECK(reason_of(changes) == Reason::malformed_runtime_data);
}

TEST_CASE("a quote of a wrong shape is refused before its signature is looked at") {
  const auto at = GENERATE(std::size_t{0}, std::size_t{5}, kExtraSize, kExtraSize + 2 + 48 + 16,
                           kExtraSize + 2 + 48 + 25 + 3, kExtraSize + 2 + 48 + 25 + 5,
                           kExtraSize + 2 + 48 + 25 + 6, kExtraSize + 2 + 48 + 25 + 11);
  INFO(at);
  AzureChanges changes;
  changes.attest = [at](Bytes& attest) { attest[at] ^= 0x40; };
  CHECK(reason_of(changes) == Reason::malformed_tpm_quote);
  AzureChanges longer;
  longer.attest = [](Bytes& attest) { attest.push_back(0); };
  CHECK(reason_of(longer) == Reason::malformed_tpm_quote);
}

TEST_CASE("a quote that selects no PCR says nothing") {
  AzureChanges changes;
  changes.attest = [](Bytes& attest) {
    const std::size_t at = kExtraSize + 2 + 48 + 25 + 7;
    attest[at] = attest[at + 1] = attest[at + 2] = 0;
  };
  CHECK(reason_of(changes) == Reason::malformed_tpm_quote);
}

TEST_CASE("a quote for another session is refused, whichever of its 48 bytes differs") {
  const auto at = GENERATE(std::size_t{0}, std::size_t{23}, std::size_t{47});
  AzureChanges changes;
  changes.attest = [at](Bytes& attest) { attest[kExtraSize + 2 + at] ^= 1; };
  CHECK(reason_of(changes) == Reason::quote_binding_mismatch);
}

TEST_CASE("a quote that the vouched key did not sign is refused") {
  AzureChanges signature;
  signature.sent = [](AzureEvidence& sent) { sent.signature[7] ^= 1; };
  CHECK(reason_of(signature) == Reason::quote_signature_invalid);
  AzureChanges clock;  // covered by the signature and by nothing else
  clock.sent = [](AzureEvidence& sent) { sent.quote[kExtraSize + 2 + 48 + 3] ^= 1; };
  CHECK(reason_of(clock) == Reason::quote_signature_invalid);
  AzureChanges shorter;
  shorter.sent = [](AzureEvidence& sent) { sent.signature.pop_back(); };
  CHECK(reason_of(shorter) == Reason::quote_signature_invalid);
}

TEST_CASE("PCR values that the quote does not cover are refused") {
  AzureChanges other;
  other.sent = [](AzureEvidence& sent) { sent.pcr_values[4 * 32] ^= 1; };
  CHECK(reason_of(other) == Reason::pcr_values_mismatch);
  AzureChanges fewer;
  fewer.sent = [](AzureEvidence& sent) { sent.pcr_values.resize(23 * 32); };
  CHECK(reason_of(fewer) == Reason::pcr_values_mismatch);
  AzureChanges more;
  more.sent = [](AzureEvidence& sent) { sent.pcr_values.push_back(0); };
  CHECK(reason_of(more) == Reason::pcr_values_mismatch);
}

TEST_CASE("without PCRs in the policy an Azure guest is refused, and the verdict says why") {
  AzureScene scene;
  const Verdict verdict = scene.verdict(scene.policy([](std::string& text) {
    text = replaced(text, test::tpm_pcrs_text({4, 7}) + ", ", "");
  }));
  CHECK_FALSE(verdict.accepted);
  CHECK(verdict.authentic);
  CHECK(verdict.reason == Reason::pcr_policy_missing);
}

TEST_CASE("a PCR with another value, or one that is not quoted, is refused") {
  AzureScene scene;
  const std::string golden = test::shared_vtpm().pcrs.at(7).hex();
  const Verdict other = scene.verdict(scene.policy(
      [&](std::string& text) { text = replaced(text, golden, std::string(64, '0')); }));
  CHECK(other.authentic);
  CHECK(other.reason == Reason::pcr_not_allowed);
  CHECK(other.find("tpm_pcrs")->got == "PCR 7 is " + golden);
  AzureChanges fewer;
  fewer.attest = [](Bytes& attest) { attest[kExtraSize + 2 + 48 + 25 + 7] = 0x7f; };
  fewer.sent = [](AzureEvidence& sent) {
    // A quote over all PCRs but 7, with the values and the digest that belong to it.
    sent.pcr_values.erase(sent.pcr_values.begin() + 7 * 32, sent.pcr_values.begin() + 8 * 32);
    const auto digest = crypto::sha256({sent.pcr_values});
    copy_bytes(digest.view(), std::span(sent.quote).last(32));
    sent.signature = test::shared_vtpm().sign(sent.quote).value();
  };
  const Verdict unquoted = AzureScene(fewer).verdict();
  CHECK(unquoted.reason == Reason::pcr_not_allowed);
  CHECK(unquoted.find("tpm_pcrs")->got == "PCR 7 is not quoted");
}

TEST_CASE("a policy that demands PCRs refuses evidence without a vTPM") {
  test::SimWorld world;
  AzureScene scene;
  const auto report = world.processor()->get(ReportData()).value();
  ReportFile file;
  file.report = report.report;
  file.endorsement = *report.endorsement;
  const Verifier verifier(scene.policy(), world.clock());
  CHECK(verifier.verify_report(file).verdict.reason == Reason::tpm_quote_missing);
}

TEST_CASE("an HCL report alone is authentic, and never enough for a policy") {
  test::SimWorld world;
  AzureScene scene;
  const Bytes& hcl = scene.envelope.azure->hcl_report;
  ReportFile file;
  file.report = hcl;
  file.endorsement = *scene.envelope.endorsement;
  const Policy policy = scene.policy();
  const Outcome<AuthenticReport> judged = authenticate_report(file, policy.roots(), world.clock());
  INFO(judged.verdict.text());
  CHECK(judged.verdict.authentic);
  const Verifier verifier(policy, world.clock());
  CHECK(verifier.verify_report(file).verdict.reason == Reason::tpm_quote_missing);
}

TEST_CASE("a bare report and an Azure guest's cannot stand in one evidence") {
  AzureScene scene;
  scene.envelope.report = Bytes(kSnpReportSize, 0x11);
  CHECK(scene.envelope.encode().error().reason() == Reason::malformed_evidence);
}

TEST_CASE("Azure's evidence with a Merkle path of 16 and a VCEK stays under 8 KB") {
  AzureScene scene;
  merkle::Path path;
  path.siblings.resize(16);
  scene.envelope.path = path.encode().value();
  const Bytes evidence = scene.evidence();
  CHECK(evidence.size() < kMaxEvidenceSize - 1000);
  const auto decoded = EvidenceEnvelope::decode(evidence);
  REQUIRE(decoded);
  CHECK(decoded->report.empty());
  CHECK(decoded->azure->encode() == scene.envelope.azure->encode());
}

TEST_CASE("tpm_pcrs can be decided in code too, and a change of it is called what it is") {
  AzureScene scene;
  const Policy before = scene.policy();
  const auto& pcrs = test::shared_vtpm().pcrs;
  const auto built = Policy::allow_only("agent", Covers::firmware, {snp::Measurement()})
                         .tcb_floor(snp::Product::genoa, snp::Tcb())
                         .any_chip()
                         .any_platform()
                         .revocation(Revocation::accept_missing())
                         .tpm_pcrs({{4, {pcrs.at(4)}}, {24, {pcrs.at(7)}}})
                         .build();
  REQUIRE_FALSE(built);
  CHECK(built.error().message().find("PCRs are 0 to 23") != std::string::npos);
  CHECK(before.summary().find("PCR 7: " + pcrs.at(7).hex()) != std::string::npos);
  const Policy less = scene.policy([](std::string& text) {
    text = replaced(text, test::tpm_pcrs_text({4, 7}), test::tpm_pcrs_text({4}));
  });
  const auto fewer = compare(before, less);
  REQUIRE(fewer.size() == 1);
  CHECK(fewer[0].change == PolicyChange::widens);
  CHECK(fewer[0].text == "PCR 7 is no longer demanded");
  const auto more = compare(less, before);
  REQUIRE(more.size() == 1);
  CHECK(more[0].change == PolicyChange::narrows);
}

TEST_CASE("inspect tells all of an Azure guest's evidence, and judges nothing") {
  AzureScene scene;
  const std::string text = inspect_evidence_text(scene.evidence()).value();
  CHECK(text.find("NOT VERIFIED") == 0);
  for (const auto* row : {"quote_covers_claims", "report_data_covers_runtime_data", "pcr_digest",
                          "secure_boot", "00000000-0000-4000-8000-000000000000"}) {
    INFO(row);
    CHECK(text.find(row) != std::string::npos);
  }
  scene.envelope.azure->quote[0] = 0;
  scene.envelope.azure->hcl_report[0] = 0;
  const std::string broken = inspect_evidence_json(scene.evidence()).value();
  CHECK(broken.find("malformed_tpm_quote") != std::string::npos);
  CHECK(broken.find("malformed_hcl_report") != std::string::npos);
}
