// Inspection of certificates and evidence in every form that the parts can have.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <ratls/core/der.h>
#include <ratls/verify/inspect.h>

#include "tests/core/certificate_parts.h"
#include "tests/verify/leaves.h"
#include "tests/verify/simulated_leaf.h"

namespace ratls {

namespace {

using Json = nlohmann::json;

Json evidence_of(const test::SimulatedLeaf& leaf) {
  return Json::parse(inspect_evidence_json(leaf.evidence).value()).at("evidence");
}

Json certificate_of(ByteView der) {
  return Json::parse(inspect_certificates_json(der).value()).at("certificates").at(0);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("claims over the key alone are shown as bound to no session") {
  test::LeafOptions options;
  options.role = Role::server;
  options.level = Level::key;
  const test::SimulatedLeaf leaf(options);
  const Json claims = evidence_of(leaf).at("claims");
  CHECK(claims.at("role") == "server");
  CHECK(claims.at("level") == "key");
  CHECK(claims.at("binder").is_null());
  CHECK(claims.at("identity_bytes").is_null());
  CHECK_FALSE(claims.contains("names_this_key"));  // evidence alone shows no key
  CHECK(has(inspect_evidence_text(leaf.evidence).value(), "is bound to no session"));
}

TEST_CASE("evidence without certificate and list says that none is stapled") {
  test::LeafOptions options;
  options.envelope = [](EvidenceEnvelope& envelope) { envelope.endorsement.reset(); };
  const test::SimulatedLeaf leaf(options);
  CHECK(evidence_of(leaf).at("endorsement").is_null());
  CHECK(evidence_of(leaf).at("crl").is_null());
  CHECK(has(inspect_evidence_text(leaf.evidence).value(), "none is stapled"));
}

TEST_CASE("a path and a stapled list are shown with what they say") {
  merkle::Path path;
  path.siblings.resize(3);
  path.sides = 5;
  test::CrlParts list;
  list.extensions.clear();
  list.serials = {der::integer(7)};
  test::LeafOptions options;
  options.envelope = [&](EvidenceEnvelope& envelope) {
    envelope.path = path.encode().value();
    envelope.crl = list.der();
  };
  const Json shown = evidence_of(test::SimulatedLeaf(options));
  CHECK(shown.at("path").at("siblings") == 3);
  CHECK(shown.at("path").at("sides") == 5);
  CHECK(shown.at("report_data_covers_claims") == false);
  CHECK(shown.at("crl").at("number").is_null());
  CHECK(shown.at("crl").at("revoked_serials") == Json::array({"07"}));
}

TEST_CASE("claims that cannot be read are shown as a problem, with the report beside them") {
  test::LeafOptions options;
  options.envelope = [](EvidenceEnvelope& envelope) { envelope.claims = Bytes{0xA0}; };
  const Json shown = evidence_of(test::SimulatedLeaf(options));
  CHECK(has(shown.at("claims").at("problem"), "malformed_evidence"));
  CHECK(shown.at("report").at("product") == "milan");
}

TEST_CASE("a certificate that is nothing of ours is shown with its key and signature") {
  test::CertificateParts parts;
  const Json p256 = certificate_of(parts.der());
  CHECK(p256.at("kind") == "other");
  CHECK(p256.at("key") == "P-256");
  CHECK(p256.at("signature") == "ECDSA with SHA-256");
  parts.algorithm = der::sequence({der::oid("1.2.840.10045.4.3.3")});
  CHECK(certificate_of(parts.der()).at("signature") == "ECDSA with SHA-384");
  parts = test::CertificateParts();
  parts.spki = test::rsa_spki(Bytes(256, 0xC1), *from_hex("010001"));
  CHECK(certificate_of(parts.der()).at("key") == "RSA");
  parts = test::CertificateParts();
  parts.algorithm = der::sequence({der::oid("1.2.840.10045.4.3.4")});  // with SHA-512
  CHECK(certificate_of(parts.der()).at("signature") == "other");
}

TEST_CASE("what calls itself a VCEK and is none is shown with what is wrong") {
  test::CertificateParts parts;
  parts.subject = test::common_name("SEV-VCEK");
  const Json shown = certificate_of(parts.der());
  CHECK(shown.at("kind") == "amd_endorsement");
  CHECK(has(shown.at("problem"), "malformed_endorsement"));
}

TEST_CASE("a leaf whose evidence cannot be read is shown as a leaf with a problem") {
  const SigningKey key = SigningKey::generate().value();
  for (const Bytes& value : {Bytes{0x04, 0x01, 0xA0}, Bytes{0x01}}) {
    const Bytes leaf =
        test::leaf_with(key, {test::leaf_extension(std::string(kEvidenceOid), value, true)});
    const Json shown = certificate_of(leaf);
    CHECK(shown.at("kind") == "ratls_leaf");
    CHECK(has(shown.at("problem"), "malformed_evidence"));
    CHECK(has(inspect_certificates_text(leaf).value(), "(critical)"));
  }
}

}  // namespace ratls
