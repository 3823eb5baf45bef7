/// Certificates put together by hand, good and bad; their signatures are not genuine.
#pragma once

#include <string>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>

namespace ratls::test {

/// Encoded DER of each part; the defaults make a good self-signed P-256 leaf.
struct CertificateParts {
  Bytes version;    ///< [0] INTEGER, or empty for v1
  Bytes serial;     ///< INTEGER
  Bytes algorithm;  ///< as it stands inside and outside of the signed part
  Bytes issuer;
  Bytes subject;
  Bytes validity;
  Bytes spki;
  std::vector<Bytes> extensions;
  Bytes signature;  ///< BIT STRING

  CertificateParts();
  [[nodiscard]] Bytes tbs() const;
  [[nodiscard]] Bytes der() const;
};

/// Encoded DER of each part of a revocation list; the defaults make a good empty one in AMD's form.
struct CrlParts {
  Bytes version;  ///< INTEGER
  Bytes algorithm;
  Bytes issuer;
  Bytes this_update;           ///< Time
  Bytes next_update;           ///< Time, or empty
  std::vector<Bytes> serials;  ///< INTEGERs
  Bytes extensions;            ///< [0], or empty
  Bytes signature;             ///< BIT STRING

  CrlParts();
  [[nodiscard]] Bytes tbs() const;
  [[nodiscard]] Bytes der() const;
};

/// RFC 7468, with 64 characters a line.
std::string pem(std::string_view label, ByteView der);

Bytes common_name(std::string_view text);
Bytes extension(std::string_view oid, ByteView value, bool critical = false);
/// SubjectPublicKeyInfo of an EC point on the named curve.
Bytes ec_spki(std::string_view curve_oid, ByteView point);
Bytes rsa_spki(ByteView modulus, ByteView exponent);
/// RSASSA-PSS with one hash for message and mask (RFC 4055, 3.1).
Bytes pss_algorithm(std::string_view hash_oid, std::string_view mgf_hash_oid, unsigned salt);

inline constexpr std::string_view kP256 = "1.2.840.10045.3.1.7";
inline constexpr std::string_view kP384 = "1.3.132.0.34";
inline constexpr std::string_view kSha256 = "2.16.840.1.101.3.4.2.1";
inline constexpr std::string_view kSha384 = "2.16.840.1.101.3.4.2.2";
/// The generators of both curves, uncompressed (SEC 2, 2.4.2 and 2.5.1).
Bytes p256_point();
Bytes p384_point();

}  // namespace ratls::test
