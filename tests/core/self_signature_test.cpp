// Whether a certificate's own key signed it.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/der.h>
#include <ratls/core/signing_key.h>
#include <ratls/core/x509.h>

#include "certificate_parts.h"
#include "check.h"

using namespace ratls;

namespace {

constexpr Reason kWhy = Reason::malformed_certificate;

test::CertificateParts signed_by(const SigningKey& key, const SigningKey& named) {
  test::CertificateParts parts;
  parts.spki = Bytes(named.spki().begin(), named.spki().end());
  parts.signature = der::bit_string(key.sign_sha256(parts.tbs()).value());
  return parts;
}

bool refused(const test::CertificateParts& parts) {
  const auto certificate = Certificate::parse(parts.der(), kWhy);
  REQUIRE(certificate);
  return test::refused(check_self_signature(*certificate, kWhy), kWhy);
}

}  // namespace

TEST_CASE("a certificate that its own key signed is told from one that another key signed") {
  const SigningKey key = SigningKey::generate().value();
  const SigningKey other = SigningKey::generate().value();
  const auto own = Certificate::parse(signed_by(key, key).der(), kWhy);
  REQUIRE(own);
  CHECK(check_self_signature(*own, kWhy));
  CHECK(refused(signed_by(other, key)));
}

TEST_CASE("a changed certificate, and a signature that is none, are not self-signed") {
  const SigningKey key = SigningKey::generate().value();
  auto changed = signed_by(key, key);
  changed.serial = der::integer(99);
  CHECK(refused(changed));
  auto none = signed_by(key, key);
  none.signature = der::bit_string(Bytes{});
  CHECK(refused(none));
  none.signature = der::bit_string(der::sequence({der::integer(0), der::integer(1)}));
  CHECK(refused(none));
}

TEST_CASE("an RSA certificate is not checked, and said to be of another kind") {
  test::CertificateParts parts;
  parts.algorithm = test::pss_algorithm(test::kSha384, test::kSha384, 48);
  CHECK(refused(parts));
}
