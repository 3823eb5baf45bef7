/// Is this signed by that simulated key?
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/x509.h>

namespace ratls::test {

/// RSASSA-PSS over `message` with the RSA-4096 key in `spki`. The DER of such a key always has its
/// modulus at byte 33 and its exponent at byte 547.
inline bool signed_by(ByteView message, ByteView signature, const Bytes& spki) {
  REQUIRE(spki.size() == 550);
  const crypto::RsaPublicKey key{ByteView(spki).subspan(33, 512), ByteView(spki).subspan(547, 3)};
  REQUIRE(to_hex(key.exponent) == "010001");
  return crypto::verify_rsa_pss_sha384(key, message, signature).has_value();
}

inline bool signed_by(const Certificate& certificate, const Bytes& spki) {
  return signed_by(certificate.tbs(), certificate.signature(), spki);
}

}  // namespace ratls::test
