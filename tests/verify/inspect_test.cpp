// Looking without judging: what is shown, and that it never looks like a verdict.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <ratls/core/der.h>
#include <ratls/verify/detail/said.h>
#include <ratls/verify/inspect.h>

#include "tests/verify/genuine.h"
#include "tests/verify/leaves.h"
#include "tests/verify/simulated_leaf.h"

namespace ratls {

namespace {

using Json = nlohmann::json;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Json certificate_of(ByteView file) {
  return Json::parse(inspect_certificates_json(file).value()).at("certificates").at(0);
}

}  // namespace

TEST_CASE("every inspection says NOT VERIFIED first and last, and false in JSON") {
  const test::SimulatedLeaf leaf;
  const auto crl = test::authority().crl(sim::Product::milan, {test::kNow, test::kNow, 7, {}, {}});
  const std::vector<std::string> texts{
      inspect_certificates_text(leaf.der).value(), inspect_evidence_text(leaf.evidence).value(),
      inspect_report_text(leaf.world->report).value(), inspect_crl_text(*crl).value()};
  for (const std::string& text : texts) {
    CHECK(text.starts_with("NOT VERIFIED: "));
    CHECK(text.ends_with("\nNOT VERIFIED: no signature was checked.\n"));
  }
  const std::vector<std::string> objects{
      inspect_certificates_json(leaf.der).value(), inspect_evidence_json(leaf.evidence).value(),
      inspect_report_json(leaf.world->report).value(), inspect_crl_json(*crl).value()};
  for (const std::string& object : objects) {
    CHECK(Json::parse(object).at("verified") == false);
    CHECK(has(Json::parse(object).at("warning").get<std::string>(), "NOT VERIFIED"));
  }
}

TEST_CASE("a leaf is shown with its key, claims, report and endorsement") {
  const test::SimulatedLeaf leaf;
  const Json shown = certificate_of(leaf.der);
  CHECK(shown.at("kind") == "ratls_leaf");
  CHECK(shown.at("key") == "P-256");
  CHECK(shown.at("spki_sha384") == hash_spki(leaf.key.spki()).hex());
  CHECK(shown.at("not_before") == "1970-01-01T00:00:00Z");
  const Json& evidence = shown.at("evidence");
  CHECK(evidence.at("claims").at("role") == "client");
  CHECK(evidence.at("claims").at("level") == "exporter");
  CHECK(evidence.at("claims").at("names_this_key") == true);
  CHECK(evidence.at("report_data_covers_claims") == true);
  CHECK(evidence.at("report").at("product") == "milan");
  CHECK(evidence.at("endorsement").at("amd").at("kind") == "VCEK");
  CHECK(evidence.at("path").is_null());
  const std::string text = inspect_certificates_text(leaf.der).value();
  CHECK(has(text, "a TLS leaf with ratls evidence"));
  CHECK(has(text, "\n    claims\n      protocol"));
  CHECK(has(text, "names_this_key       yes"));
  CHECK(has(text, "      measurement          "));
}

TEST_CASE("a leaf whose claims name another key, or whose report covers others, says so") {
  test::LeafOptions options;
  options.claims = [](Claims& claims) { claims.pubkey_hash = hash_spki(as_bytes("another")); };
  CHECK(certificate_of(test::SimulatedLeaf(options).der)
            .at("evidence")
            .at("claims")
            .at("names_this_key") == false);
  test::LeafOptions changed;
  changed.envelope = [](EvidenceEnvelope& envelope) { envelope.report[0x50] ^= 1; };
  CHECK(certificate_of(test::SimulatedLeaf(changed).der)
            .at("evidence")
            .at("report_data_covers_claims") == false);
}

TEST_CASE("parts of evidence that cannot be read are shown as problems beside the others") {
  test::LeafOptions options;
  options.envelope = [](EvidenceEnvelope& envelope) {
    envelope.report[0] = 99;
    envelope.endorsement = Bytes{0x30, 0x00};
    envelope.crl = Bytes{0x30, 0x00};
    envelope.path = Bytes{0x80};
  };
  const Json evidence = certificate_of(test::SimulatedLeaf(options).der).at("evidence");
  CHECK(has(evidence.at("report").at("problem"), "unsupported_version"));
  CHECK(has(evidence.at("endorsement").at("problem"), "malformed_endorsement"));
  CHECK(has(evidence.at("crl").at("problem"), "crl_invalid"));
  CHECK(has(evidence.at("path").at("problem"), "malformed_evidence"));
  CHECK(evidence.at("claims").at("role") == "client");
}

TEST_CASE("AMD's own keys are told from keys that only have their names") {
  for (const std::string product : {"milan", "genoa", "turin"}) {
    for (const std::string kind : {"ark", "ask", "asvk"}) {
      const Json shown = certificate_of(test::amd_certificate(product, kind));
      INFO(product << " " << kind);
      CHECK(shown.at("kind") == "amd_ca");
      CHECK(has(shown.at("what"), "pinned in ratls"));
    }
  }
  const Bytes imitation = test::authority().certificate(sim::Product::milan, sim::Ca::ark).value();
  CHECK(certificate_of(imitation).at("kind") == "not_amd_ca");
  CHECK(has(certificate_of(imitation).at("what"), "NOT AMD's"));
}

TEST_CASE("a genuine VCEK and VLEK are shown with what AMD's extensions say") {
  const auto turin = test::genuine_case("turin/v5-vcek-microsoft");
  const Json vcek = certificate_of(*turin.endorsement);
  CHECK(vcek.at("kind") == "amd_endorsement");
  CHECK(vcek.at("amd").at("product_line") == "Turin");
  CHECK(vcek.at("amd").at("tcb").at("fmc") == 1);
  CHECK(vcek.at("amd").at("hardware_id").get<std::string>().size() == 16);
  for (const auto& genuine : test::genuine_cases()) {
    if (!genuine.valid() || genuine.expected.at("ek").at("kind") != "vlek") continue;
    CHECK(certificate_of(*genuine.endorsement).at("amd").at("csp_id") ==
          genuine.expected.at("ek").at("ext").at("cspID"));
  }
}

TEST_CASE("a PEM chain is shown certificate by certificate") {
  const std::string chain = test::pem_of("CERTIFICATE", test::amd_certificate("genoa", "ask")) +
                            test::pem_of("CERTIFICATE", test::amd_certificate("genoa", "ark"));
  const Json shown = Json::parse(inspect_certificates_json(as_bytes(chain)).value());
  CHECK(shown.at("certificates").size() == 2);
  const std::string text = inspect_certificates_text(as_bytes(chain)).value();
  CHECK(has(text, "certificate 1 of 2\n"));
  CHECK(has(text, "AMD's root key (ARK) of Genoa"));
}

TEST_CASE("another protocol's certificate is shown by its name and not read") {
  const SigningKey key = SigningKey::generate().value();
  const Bytes der =
      test::leaf_with(key, {test::leaf_extension("1.3.6.1.4.1.62397.1.1", Bytes(20'000, 0xff))});
  const Json shown = certificate_of(der);
  CHECK(shown.at("kind") == "foreign_leaf");
  CHECK(has(shown.at("what"), "dstack"));
  CHECK_FALSE(shown.contains("evidence"));
}

TEST_CASE("names in a certificate cannot reach a terminal's escapes") {
  const SigningKey key = SigningKey::generate().value();
  const Bytes der = test::leaf_with(key, {}, "\x1b[2J\x1b]0;x\x07\r\nACCEPTED\\ \xc3\xa9");
  const std::string text = inspect_certificates_text(der).value();
  CHECK(has(text, R"(\x1b[2J\x1b]0;x\x07\x0d\x0aACCEPTED\\ \xc3\xa9)"));
  for (const char c : text) CHECK((c == '\n' || (c >= 0x20 && c < 0x7f)));
  const std::string object = inspect_certificates_json(der).value();
  CHECK(Json::accept(object));
  for (const char c : object) CHECK((c >= 0x20 && c < 0x7f));
}

TEST_CASE("a long name is cut, and its length said") {
  CHECK(detail::visible(std::string(201, 'a')) == std::string(200, 'a') + "... (201 characters)");
  CHECK(detail::visible("") == "");
}

TEST_CASE("evidence is shown with and without the OCTET STRING around it") {
  const test::SimulatedLeaf leaf;
  CHECK(inspect_evidence_json(leaf.evidence).value() ==
        inspect_evidence_json(der::octet_string(leaf.evidence)).value());
}

TEST_CASE("a revocation list is shown from DER and from PEM alike") {
  const auto crl = test::authority().crl(
      sim::Product::milan, {test::kNow, {test::kNow.unix_seconds + 86400}, 7, {}, {}});
  const Json shown = Json::parse(inspect_crl_json(*crl).value()).at("crl");
  CHECK(shown.at("issuer") == "ARK-Milan");
  CHECK(shown.at("this_update") == to_rfc3339(test::kNow));
  CHECK(inspect_crl_json(as_bytes(test::pem_of("X509 CRL", *crl))).value() ==
        inspect_crl_json(*crl).value());
}

TEST_CASE("a revocation list is shown with its number and every serial that it revokes") {
  sim::CrlOptions options{test::kNow, {test::kNow.unix_seconds + 86400}, 7, {}, {}};
  options.revoked_serials = {0, 0x10001};
  const auto crl = test::authority().crl(sim::Product::milan, options);
  const Json shown = Json::parse(inspect_crl_json(*crl).value()).at("crl");
  CHECK(shown.at("number") == "07");
  CHECK(shown.at("revoked_serials") == Json::array({"00", "010001"}));
  CHECK(has(inspect_crl_text(*crl).value(), "0x00, 0x010001"));
  options.revoked_serials.clear();
  const auto empty = test::authority().crl(sim::Product::milan, options);
  CHECK(Json::parse(inspect_crl_json(*empty).value()).at("crl").at("revoked_serials").empty());
  options.revoked_serials.assign(20, 5);
  CHECK(has(inspect_crl_text(*test::authority().crl(sim::Product::milan, options)).value(),
            " and 4 more"));
}

TEST_CASE("what cannot be read is an error with its reason") {
  const Bytes rubbish(500, 0x30);
  for (const ByteView file : {ByteView(), ByteView(rubbish)}) {
    CHECK(inspect_certificates_text(file).error().reason() == Reason::malformed_certificate);
    CHECK(inspect_crl_json(file).error().reason() == Reason::malformed_crl);
    CHECK(inspect_evidence_text(file).error().reason() == Reason::malformed_evidence);
    CHECK(inspect_report_json(file).error().reason() == Reason::malformed_report);
  }
}

TEST_CASE("evidence that is bound to no session, or serves several, says so") {
  test::LeafOptions options;
  options.level = Level::key;
  options.envelope = [](EvidenceEnvelope& envelope) {
    envelope.endorsement.reset();
    envelope.crl =
        test::authority().crl(sim::Product::milan, {test::kNow, test::kNow, 7, {}, {}}).value();
    envelope.path = merkle::Path{1, std::vector<merkle::Node>(1)}.encode().value();
  };
  const Json evidence = certificate_of(test::SimulatedLeaf(options).der).at("evidence");
  CHECK(evidence.at("claims").at("binder").is_null());
  CHECK(evidence.at("endorsement").is_null());
  CHECK(evidence.at("crl").at("issuer") == "ARK-Milan");
  CHECK(evidence.at("path").at("siblings") == 1);
  CHECK(evidence.at("report_data_covers_claims") == false);
}

TEST_CASE(
    "a certificate that only claims to hold evidence, or to be AMD's, has its problem shown") {
  const SigningKey key = SigningKey::generate().value();
  const Json leaf = certificate_of(
      test::leaf_with(key, {test::leaf_extension(std::string(kEvidenceOid), Bytes{0x30, 0x00})}));
  CHECK(leaf.at("kind") == "ratls_leaf");
  CHECK(has(leaf.at("problem"), "malformed_evidence"));
  const Json vcek = certificate_of(test::leaf_with(key, {}, "SEV-VCEK"));
  CHECK(vcek.at("kind") == "amd_endorsement");
  CHECK(has(vcek.at("problem"), "malformed_endorsement"));
  CHECK_FALSE(vcek.contains("amd"));
  CHECK(certificate_of(test::leaf_with(key, {}, "somebody")).at("kind") == "other");
}

}  // namespace ratls
