// The provider `aws-lc` of core/crypto.h: AWS-LC's libcrypto, and mbedTLS for signatures where its
// self-test failed and the build allows that.
#include <cstdlib>
#include <string>

#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/hkdf.h>
#include <openssl/sha.h>
#include <psa/crypto.h>

#include <ratls/core/detail/crypto_provider.h>
#include <ratls/core/detail/primitives.h>
#include <ratls/core/detail/self_test.h>

namespace ratls::crypto::provider {

namespace {

// AWS-LC's hashes cannot fail; one that does is a broken build, and going on would accept anything.
void must(int succeeded) noexcept {
  if (succeeded != 1) std::abort();
}

Result<void> outcome(psa_status_t status, std::string_view bad_key,
                     std::string_view bad_signature) {
  if (status == PSA_SUCCESS) return {};
  if (status == PSA_ERROR_INSUFFICIENT_MEMORY) {
    return Error(Reason::out_of_memory);
  }
  return Error(Reason::signature_invalid,
               std::string(status == PSA_ERROR_INVALID_ARGUMENT ? bad_key : bad_signature));
}

}  // namespace

Sha256Digest sha256(std::initializer_list<ByteView> parts) noexcept {
  Sha256Digest out;
  SHA256_CTX context;
  must(SHA256_Init(&context));
  for (const ByteView part : parts) must(SHA256_Update(&context, part.data(), part.size()));
  must(SHA256_Final(out.mutable_view().data(), &context));
  return out;
}

Sha384Digest sha384(std::initializer_list<ByteView> parts) noexcept {
  Sha384Digest out;
  SHA512_CTX context;
  must(SHA384_Init(&context));
  for (const ByteView part : parts) must(SHA384_Update(&context, part.data(), part.size()));
  must(SHA384_Final(out.mutable_view().data(), &context));
  return out;
}

Sha512Digest sha512(std::initializer_list<ByteView> parts) noexcept {
  Sha512Digest out;
  SHA512_CTX context;
  must(SHA512_Init(&context));
  for (const ByteView part : parts) must(SHA512_Update(&context, part.data(), part.size()));
  must(SHA512_Final(out.mutable_view().data(), &context));
  return out;
}

Result<void> hkdf_expand(TlsHash hash, ByteView secret, ByteView info,
                         std::span<std::uint8_t> out) {
  const EVP_MD* md = hash == TlsHash::sha256 ? EVP_sha256() : EVP_sha384();
  if (HKDF_expand(out.data(), out.size(), md, secret.data(), secret.size(), info.data(),
                  info.size()) != 1) {
    ERR_clear_error();
    return Error(Reason::internal, "HMAC failed");
  }
  return {};
}

Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s) {
  if (!ratls::provider::usable()) return builtin::verify_p384(key, digest, r, s);
  return outcome(primitives::p384_verify(key.array(), digest.view(), r.array(), s.array()),
                 "the public key is not a point on P-384", "ECDSA P-384 does not verify");
}

Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, const Sha384Digest& digest,
                                   ByteView signature) {
  if (!ratls::provider::usable()) return builtin::verify_rsa_pss_sha384(key, digest, signature);
  return outcome(
      primitives::rsa_pss_sha384_verify(key.modulus, key.exponent, digest.view(), signature),
      "the RSA public key is not usable", "RSASSA-PSS does not verify");
}

}  // namespace ratls::crypto::provider
