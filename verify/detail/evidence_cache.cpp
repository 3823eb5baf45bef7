#include <ratls/verify/detail/evidence_cache.h>

#include <ratls/core/crypto.h>

namespace ratls::detail {

namespace {

Sha256Digest digest_of(ByteView bytes) {
  return crypto::sha256({bytes});
}

}  // namespace

// All parts but the last have a fixed size, so no two inputs run together into one.
Sha256Digest endorsement_key(const RootOfTrust& roots, ByteView file) {
  return crypto::sha256({as_bytes("endorsement"), roots.digest().view(), file});
}

Sha256Digest signature_key(const Sha256Digest& endorsement_key, ByteView report) {
  return crypto::sha256({as_bytes("report"), endorsement_key.view(), report});
}

Sha256Digest crl_key(const TrustedIssuer& issuer, ByteView crl) {
  const Sha256Digest modulus = digest_of(issuer.ark_modulus);
  const Sha256Digest exponent = digest_of(issuer.ark_exponent);
  const Sha256Digest name = digest_of(issuer.ark_name);
  return crypto::sha256({as_bytes("crl"), modulus.view(), exponent.view(), name.view(), crl});
}

}  // namespace ratls::detail
