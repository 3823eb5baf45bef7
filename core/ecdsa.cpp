#include <ratls/core/ecdsa.h>

#include <mbedtls/pk.h>
#include <psa/crypto.h>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/core/guarded.h>

namespace ratls {

namespace {

// A public key that mbedTLS read. Empty where it is none of ours.
class PublicKey {
 public:
  explicit PublicKey(ByteView spki) {
    mbedtls_pk_init(&pk_);
    Bytes copy(spki.begin(), spki.end());  // the parser wants to be able to write
    unsigned char* at = copy.data();
    failed_ = mbedtls_pk_parse_subpubkey(&at, at + copy.size(), &pk_);
    if (failed_ == 0 && at == copy.data() + copy.size()) width_ = scalar_width();
  }
  PublicKey(const PublicKey&) = delete;
  PublicKey& operator=(const PublicKey&) = delete;
  ~PublicKey() { mbedtls_pk_free(&pk_); }

  [[nodiscard]] bool out_of_memory() const { return ran_out_of_memory(failed_); }
  /// Of r and s, in bytes; 0 for another kind of key.
  [[nodiscard]] std::size_t width() const { return width_; }
  int verify(EcdsaHash hash, ByteView digest, ByteView signature) {
    const auto kind = hash == EcdsaHash::sha256 ? MBEDTLS_MD_SHA256 : MBEDTLS_MD_SHA384;
    return mbedtls_pk_verify(&pk_, kind, digest.data(), digest.size(), signature.data(),
                             signature.size());
  }

 private:
  // The build has no other curve of 256 or 384 bits (cmake/ratls_mbedtls_config.h).
  [[nodiscard]] std::size_t scalar_width() const {
    if (mbedtls_pk_can_do(&pk_, MBEDTLS_PK_ECKEY) != 1) return 0;
    const std::size_t bits = mbedtls_pk_get_bitlen(&pk_);
    return bits == 256 || bits == 384 ? bits / 8 : 0;
  }

  mbedtls_pk_context pk_;
  int failed_ = 0;
  std::size_t width_ = 0;
};

}  // namespace

Result<void> verify_ecdsa(ByteView spki, EcdsaHash hash, ByteView message, ByteView signature,
                          Reason on_error) {
  // Programs that only verify have had no reason to do it yet.
  if (psa_crypto_init() != PSA_SUCCESS) return Error(Reason::internal, "PSA did not initialise");
  PublicKey key(spki);
  if (key.out_of_memory()) return Error(Reason::out_of_memory);
  if (key.width() == 0) return Error(on_error, "not a key of ECDSA over P-256 or P-384");
  if (!der::parse_ecdsa_signature(signature, key.width())) {
    return Error(on_error, "not an ECDSA signature in DER");
  }
  const Sha256Digest sha256 = crypto::sha256({message});
  const Sha384Digest sha384 = crypto::sha384({message});
  const ByteView digest = hash == EcdsaHash::sha256 ? sha256.view() : sha384.view();
  const int failed = key.verify(hash, digest, signature);
  if (ran_out_of_memory(failed)) return Error(Reason::out_of_memory);
  if (failed != 0) return Error(on_error, "the signature is not this key's");
  return {};
}

bool is_ecdsa_spki(ByteView spki) {
  return psa_crypto_init() == PSA_SUCCESS && PublicKey(spki).width() != 0;
}

}  // namespace ratls
