#include <ratls/certgen/leaf.h>

#include <array>

#include <ratls/core/clock.h>
#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/core/evidence.h>

namespace ratls {
namespace {

constexpr std::string_view kEcdsaWithSha256 = "1.2.840.10045.4.3.2";  // RFC 5758, 3.2
constexpr std::string_view kCommonName = "2.5.4.3";
constexpr std::string_view kKeyUsage = "2.5.29.15";

constexpr Timestamp kNotBefore{0};
// 9999-12-31T23:59:59Z: "no well-defined expiration date" (RFC 5280, 4.1.2.5).
constexpr Timestamp kNotAfter{253402300799};

Bytes name() {
  const Bytes attribute =
      der::sequence({der::oid(kCommonName), der::utf8_string("ratls ephemeral")});
  return der::sequence({der::set({attribute})});
}

Bytes random_serial() {
  std::array<std::uint8_t, 16> serial{};
  crypto::random(serial);
  return der::integer(ByteView(serial));
}

// KeyUsage ::= BIT STRING { digitalSignature (0), ... }; critical, as RFC 5280, 4.2.1.3 advises.
Bytes key_usage() {
  const std::array<std::uint8_t, 1> digital_signature{0x80};
  return der::sequence({der::oid(kKeyUsage), der::boolean(true),
                        der::octet_string(der::bit_string(digital_signature, 7))});
}

// Decoded first: a certificate that its reader would refuse is never made.
Result<Bytes> evidence_extension(ByteView evidence_cbor) {
  RATLS_CHECK(EvidenceEnvelope::decode(evidence_cbor));
  const Bytes value = der::octet_string(evidence_cbor);
  return der::sequence({der::oid(kEvidenceOid), der::octet_string(value)});
}

Bytes tbs_certificate(ByteView spki, ByteView algorithm, ByteView extensions) {
  const Bytes subject = name();
  return der::sequence({der::explicit_tag(0, der::integer(2)), random_serial(), algorithm, subject,
                        der::sequence({der::time(kNotBefore), der::time(kNotAfter)}), subject, spki,
                        der::explicit_tag(3, der::sequence({extensions}))});
}

}  // namespace

Result<Bytes> make_leaf(const SigningKey& key, std::optional<ByteView> evidence_cbor) {
  Bytes extensions = key_usage();
  if (evidence_cbor) {
    RATLS_TRY(const Bytes evidence, evidence_extension(*evidence_cbor));
    append(extensions, evidence);
  }
  const Bytes algorithm = der::sequence({der::oid(kEcdsaWithSha256)});
  const Bytes tbs = tbs_certificate(key.spki(), algorithm, extensions);
  RATLS_TRY(const Bytes signature, key.sign_sha256(tbs));
  Bytes certificate = der::sequence({tbs, algorithm, der::bit_string(signature)});
  if (certificate.size() > kMaxLeafSize) {
    return Error(Reason::malformed_certificate,
                 "the certificate would be " + std::to_string(certificate.size()) +
                     " bytes, at most " + std::to_string(kMaxLeafSize) + " fit");
  }
  return certificate;
}

}  // namespace ratls
