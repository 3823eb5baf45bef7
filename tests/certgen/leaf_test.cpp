#include <ratls/certgen/leaf.h>

#include <set>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/evidence.h>
#include <ratls/core/x509.h>

#include "../support/files.h"

using namespace ratls;

namespace {

Bytes evidence_of_size(std::size_t endorsement_size) {
  EvidenceEnvelope envelope;
  envelope.report = Bytes(kSnpReportSize, 0x5a);
  envelope.claims = Bytes{0xa0};
  if (endorsement_size > 0) envelope.endorsement = Bytes(endorsement_size, 0x30);
  auto encoded = envelope.encode();
  REQUIRE(encoded.has_value());
  return std::move(encoded).value();
}

SigningKey fresh_key() {
  auto key = SigningKey::generate();
  REQUIRE(key.has_value());
  return std::move(key).value();
}

Certificate parse(const Bytes& der) {
  auto parsed = Certificate::parse(der, Reason::malformed_certificate);
  REQUIRE(parsed.has_value());
  return std::move(parsed).value();
}

bool same(ByteView a, ByteView b) {
  return equal_ct(a, b);
}

}  // namespace

TEST_CASE("a leaf is a self-signed version 3 certificate of its key") {
  const SigningKey key = fresh_key();
  const auto der = make_leaf(key, std::nullopt);
  REQUIRE(der.has_value());
  const Certificate leaf = parse(*der);
  CHECK(leaf.version() == 3);
  CHECK(same(leaf.subject(), leaf.issuer()));
  CHECK(same(leaf.spki(), key.spki()));
  CHECK(leaf.key_kind() == Certificate::KeyKind::p256);
  CHECK(leaf.signature_algorithm() == Certificate::SignatureAlgorithm::ecdsa_sha256);
  CHECK_FALSE(leaf.is_ca());
}

TEST_CASE("a leaf is valid for ever, as a guest has no clock") {
  const auto der = make_leaf(fresh_key(), std::nullopt);
  REQUIRE(der.has_value());
  const Certificate leaf = parse(*der);
  CHECK(to_rfc3339(leaf.not_before()) == "1970-01-01T00:00:00Z");
  CHECK(to_rfc3339(leaf.not_after()) == "9999-12-31T23:59:59Z");
}

TEST_CASE("a leaf without evidence has nothing but its key usage") {
  const auto der = make_leaf(fresh_key(), std::nullopt);
  REQUIRE(der.has_value());
  const Certificate leaf = parse(*der);
  REQUIRE(leaf.extensions().size() == 1);
  CHECK(leaf.extensions()[0].oid == "2.5.29.15");
  CHECK(leaf.extensions()[0].critical);
  CHECK(leaf.extensions()[0].value == Bytes{0x03, 0x02, 0x07, 0x80});
}

TEST_CASE("a leaf carries its evidence in exactly one extension that is not critical") {
  const Bytes evidence = evidence_of_size(1400);
  const auto der = make_leaf(fresh_key(), evidence);
  REQUIRE(der.has_value());
  const Certificate leaf = parse(*der);
  REQUIRE(leaf.extensions().size() == 2);
  const auto& extension = leaf.extensions()[1];
  CHECK(extension.oid == kEvidenceOid);
  CHECK_FALSE(extension.critical);
  const auto envelope = EvidenceEnvelope::decode_extension(extension.value);
  REQUIRE(envelope.has_value());
  CHECK(envelope->encode().value() == evidence);
}

TEST_CASE("serial numbers are positive, short enough and never repeat") {
  const SigningKey key = fresh_key();
  std::set<Bytes> seen;
  for (int i = 0; i < 50; ++i) {
    const auto der = make_leaf(key, std::nullopt);
    REQUIRE(der.has_value());
    const Certificate leaf = parse(*der);
    const Bytes serial(leaf.serial().begin(), leaf.serial().end());
    REQUIRE_FALSE(serial.empty());
    CHECK(serial.size() <= 17);
    CHECK((serial[0] & 0x80) == 0);  // the INTEGER's own bytes, sign byte included
    seen.insert(serial);
  }
  CHECK(seen.size() == 50);
}

TEST_CASE("what is no evidence is not put into a leaf") {
  const SigningKey key = fresh_key();
  for (const Bytes& wrong : {Bytes{}, Bytes{0xa0}, Bytes(1184, 0x00)}) {
    const auto der = make_leaf(key, wrong);
    REQUIRE_FALSE(der.has_value());
    CHECK(der.error().reason() == Reason::malformed_evidence);
  }
}

TEST_CASE("a leaf that would not fit one record is refused") {
  const SigningKey key = fresh_key();
  CHECK(make_leaf(key, evidence_of_size(6000)).has_value());
  const auto der = make_leaf(key, evidence_of_size(6750));
  REQUIRE_FALSE(der.has_value());
  CHECK(der.error().reason() == Reason::malformed_certificate);
}

TEST_CASE("openssl reads a leaf as it was meant and finds its signature good") {
  const test::TemporaryFolder folder;
  const auto der = make_leaf(fresh_key(), evidence_of_size(1400));
  REQUIRE(der.has_value());
  test::write_file(folder.file("leaf.der"), *der);
  const auto text =
      test::run_command("openssl x509 -inform DER -noout -text -in " + folder.file("leaf.der"));
  if (text.status == 127) SKIP("openssl is not installed");
  REQUIRE(text.status == 0);
  CHECK(text.output.find("Version: 3 (0x2)") != std::string::npos);
  CHECK(text.output.find("Not Before: Jan  1 00:00:00 1970 GMT") != std::string::npos);
  CHECK(text.output.find("Not After : Dec 31 23:59:59 9999 GMT") != std::string::npos);
  CHECK(text.output.find("1.3.6.1.5.5.7.1.35") != std::string::npos);
  CHECK(text.output.find("X509v3 Key Usage: critical") != std::string::npos);
  CHECK(text.output.find("ecdsa-with-SHA256") != std::string::npos);
  const std::string pem = folder.file("leaf.pem");
  test::run_command("openssl x509 -inform DER -in " + folder.file("leaf.der") + " -out " + pem);
  const auto verified =
      test::run_command("openssl verify -check_ss_sig -CAfile " + pem + " " + pem);
  CAPTURE(verified.output);
  CHECK(verified.status == 0);
}
