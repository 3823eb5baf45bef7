/// The single door to cryptographic primitives.
///
/// Everything that the library verifies or derives by itself passes through these functions; the
/// TLS layer's own record and handshake cryptography is mbedTLS's. One provider is linked
/// (core/crypto_builtin.cpp: mbedTLS); another can take its place by implementing this header.
/// All inputs here are public except where a parameter is called `secret`.
/// Threads: every function may be called from several threads at once.
#pragma once

#include <initializer_list>
#include <span>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::crypto {

/// SHA-2 over the concatenation of `parts` (FIPS 180-4).
Sha256Digest sha256(std::initializer_list<ByteView> parts) noexcept;
Sha384Digest sha384(std::initializer_list<ByteView> parts) noexcept;
Sha512Digest sha512(std::initializer_list<ByteView> parts) noexcept;

/// An uncompressed P-384 point, 0x04 || X || Y, big-endian (SEC 1, 2.3.3).
using P384Point = FixedBytes<97, struct P384PointTag>;
/// A P-384 scalar, big-endian.
using P384Scalar = FixedBytes<48, struct P384ScalarTag>;

/// ECDSA over P-384 (FIPS 186-5, 6.4.2) with the SHA-384 digest of the message. 0 < r, s < n and
/// a point on the curve are required. Errors: signature_invalid.
Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s);

/// An RSA public key, big-endian, without leading zeros.
struct RsaPublicKey {
  ByteView modulus;
  ByteView exponent;
};

/// RSASSA-PSS with SHA-384, MGF1-SHA-384, salt of 48 bytes, trailer 1 (RFC 8017, 8.1.2): the form
/// of every AMD certificate. Modulus of 2048 to 4096 bits. Errors: signature_invalid.
Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, ByteView message, ByteView signature);

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2): the form of a vTPM's quotes. Modulus of 2048
/// to 4096 bits. Errors: signature_invalid.
Result<void> verify_rsa_pkcs1_sha256(const RsaPublicKey& key, ByteView message, ByteView signature);

/// The hash of a TLS 1.3 cipher suite.
enum class TlsHash : std::uint8_t { sha256, sha384 };

/// HKDF-Expand-Label (RFC 8446, 7.1): writes out.size() <= 255 bytes. `secret` is 32 bytes for
/// SHA-256 and 48 for SHA-384; `label` comes without "tls13 ".
Result<void> hkdf_expand_label(TlsHash hash, ByteView secret, std::string_view label,
                               ByteView context, std::span<std::uint8_t> out);

/// TLS-Exporter (RFC 8446, 7.5) from the exporter_master_secret.
Result<void> tls_exporter(TlsHash hash, ByteView exporter_master_secret, std::string_view label,
                          ByteView context, std::span<std::uint8_t> out);

/// Fills `out` from the system's CSPRNG; never fails (aborts where the system has none).
void random(std::span<std::uint8_t> out) noexcept;

}  // namespace ratls::crypto
