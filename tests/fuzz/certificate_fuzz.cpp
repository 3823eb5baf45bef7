// Certificates, DER or PEM: every field stands in the bytes, and the bytes parse again to the same.
#include <ratls/core/evidence.h>
#include <ratls/core/x509.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::contains;
using fuzz::must;

namespace {

constexpr Reason kWhy = Reason::malformed_certificate;

void check_key(const Certificate& certificate) {
  using enum Certificate::KeyKind;
  const std::size_t point = certificate.ec_point().size();
  must(point == (certificate.key_kind() == p256 ? 65U : certificate.key_kind() == p384 ? 97U : 0U));
  must(contains(certificate.spki(), certificate.ec_point()));
  const auto rsa_key = parse_rsa_spki(certificate.spki(), kWhy);
  if (!rsa_key) return;
  must(certificate.key_kind() == rsa);
  must(rsa_key->modulus.size() >= 256 && rsa_key->modulus.size() <= 512);
  must(contains(certificate.spki(), rsa_key->modulus));
}

void check(const Certificate& certificate) {
  const ByteView der = certificate.der();
  must(certificate.version() >= 1 && certificate.version() <= 3);
  for (const ByteView part : {certificate.tbs(), certificate.signature()})
    must(contains(der, part));
  for (const ByteView part :
       {certificate.serial(), certificate.issuer(), certificate.subject(), certificate.spki()}) {
    must(contains(certificate.tbs(), part));
  }
  for (const auto& extension : certificate.extensions()) {
    must(!extension.oid.empty());
    must(contains(certificate.tbs(), extension.value));
    if (extension.oid != kEvidenceOid) continue;
    if (const auto evidence = EvidenceEnvelope::decode_extension(extension.value)) {
      must(evidence->encode_extension().value() == extension.value);
    }
  }
  check_key(certificate);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto certificate = Certificate::parse_der_or_pem(bytes, kWhy);
  if (!certificate) {
    must(certificate.error().reason() == kWhy);
    return 0;
  }
  check(*certificate);
  const auto again = Certificate::parse(certificate->der(), kWhy);
  must(again && equal_ct(again->der(), certificate->der()));
  must(again->extensions().size() == certificate->extensions().size());
  return 0;
}
