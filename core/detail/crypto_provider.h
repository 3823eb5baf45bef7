/// What stands behind core/crypto.h: one set of functions, two providers.
///
/// Contracts are those of core/crypto.h; ranges and lengths were checked there before.
#pragma once

#include <ratls/core/crypto.h>

namespace ratls::crypto::builtin {

Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s);
Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, const Sha384Digest& digest,
                                   ByteView signature);
Result<void> verify_rsa_pkcs1_sha256(const RsaPublicKey& key, const Sha256Digest& digest,
                                     ByteView signature);

}  // namespace ratls::crypto::builtin

namespace ratls::crypto::provider {

Sha256Digest sha256(std::initializer_list<ByteView> parts) noexcept;
Sha384Digest sha384(std::initializer_list<ByteView> parts) noexcept;
Sha512Digest sha512(std::initializer_list<ByteView> parts) noexcept;
/// HKDF-Expand (RFC 5869, 2.3).
Result<void> hkdf_expand(TlsHash hash, ByteView secret, ByteView info, std::span<std::uint8_t> out);
Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s);
Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, const Sha384Digest& digest,
                                   ByteView signature);

}  // namespace ratls::crypto::provider
