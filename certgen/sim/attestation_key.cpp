#include <ratls/certgen/sim/attestation_key.h>

#include <array>

#include <psa/crypto.h>

#include <ratls/certgen/sim/detail/psa_key.h>
#include <ratls/core/crypto.h>
#include <ratls/core/der.h>

namespace ratls::sim {
namespace {

constexpr std::size_t kBits = 384;
constexpr std::string_view kEcPublicKey = "1.2.840.10045.2.1";  // RFC 5480, 2.1.1
constexpr std::string_view kSecp384r1 = "1.3.132.0.34";         // RFC 5480, 2.1.1.1

Bytes spki_of(ByteView point) {
  const Bytes algorithm = der::sequence({der::oid(kEcPublicKey), der::oid(kSecp384r1)});
  return der::sequence({algorithm, der::bit_string(point)});
}

psa_status_t import_scalar(ByteView scalar, psa_key_id_t* id) {
  psa_key_attributes_t wanted = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&wanted, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&wanted, kBits);
  psa_set_key_algorithm(&wanted, PSA_ALG_ECDSA(PSA_ALG_SHA_384));
  psa_set_key_usage_flags(&wanted, PSA_KEY_USAGE_SIGN_MESSAGE);
  return psa_import_key(&wanted, scalar.data(), scalar.size(), id);
}

}  // namespace

AttestationKey::AttestationKey(std::unique_ptr<detail::PsaKey> key, Bytes point)
    : key_(std::move(key)), point_(std::move(point)), spki_(spki_of(point_)) {}
AttestationKey::AttestationKey(AttestationKey&&) noexcept = default;
AttestationKey& AttestationKey::operator=(AttestationKey&&) noexcept = default;
AttestationKey::~AttestationKey() = default;

Result<AttestationKey> AttestationKey::derive(const SecretBytes& seed, ByteView context) {
  RATLS_CHECK(detail::check_psa(psa_crypto_init(), "PSA"));
  psa_key_id_t id = 0;
  psa_status_t status = PSA_ERROR_INVALID_ARGUMENT;
  // A digest is no scalar where it is zero or not below the order, once in 2^190: take the next.
  for (std::uint8_t attempt = 0; attempt < 4 && status != PSA_SUCCESS; ++attempt) {
    const std::array<std::uint8_t, 1> counter{attempt};
    const Sha384Digest scalar = seed.expose([&](ByteView secret) {
      return crypto::sha384(
          {as_bytes("ratls simulator attestation key"), secret, counter, context});
    });
    status = import_scalar(scalar.view(), &id);
  }
  RATLS_CHECK(detail::check_psa(status, "importing a P-384 key"));
  auto key = std::make_unique<detail::PsaKey>(id);
  RATLS_TRY(Bytes point, key->public_key());
  return AttestationKey(std::move(key), std::move(point));
}

Result<Bytes> AttestationKey::sign_sha384(ByteView message) const {
  Bytes signature(2 * kBits / 8);
  std::size_t size = 0;
  RATLS_CHECK(
      detail::check_psa(psa_sign_message(key_->id(), PSA_ALG_ECDSA(PSA_ALG_SHA_384), message.data(),
                                         message.size(), signature.data(), signature.size(), &size),
                        "signing with P-384"));
  return signature;
}

}  // namespace ratls::sim
