#include <ratls/certgen/sim/detail/rsa_key.h>

#include <psa/crypto.h>

#include <ratls/core/der.h>

namespace ratls::sim::detail {
namespace {

constexpr std::size_t kBits = 4096;
constexpr std::string_view kRsaEncryption = "1.2.840.113549.1.1.1";  // RFC 8017, A.1

// PSA_ALG_RSA_PSS has a salt as long as the hash: 48 bytes here.
psa_key_attributes_t attributes() {
  psa_key_attributes_t wanted = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&wanted, PSA_KEY_TYPE_RSA_KEY_PAIR);
  psa_set_key_bits(&wanted, kBits);
  psa_set_key_algorithm(&wanted, PSA_ALG_RSA_PSS(PSA_ALG_SHA_384));
  psa_set_key_usage_flags(&wanted, PSA_KEY_USAGE_SIGN_MESSAGE | PSA_KEY_USAGE_EXPORT);
  return wanted;
}

}  // namespace

Result<RsaKey> RsaKey::adopt(PsaKey key) {
  RATLS_TRY(const Bytes public_key, key.public_key());
  const Bytes algorithm = der::sequence({der::oid(kRsaEncryption), der::null()});
  return RsaKey(std::move(key), der::sequence({algorithm, der::bit_string(public_key)}));
}

Result<RsaKey> RsaKey::generate() {
  RATLS_CHECK(check_psa(psa_crypto_init(), "PSA"));
  const psa_key_attributes_t wanted = attributes();
  psa_key_id_t id = 0;
  RATLS_CHECK(check_psa(psa_generate_key(&wanted, &id), "making an RSA key"));
  return adopt(PsaKey(id));
}

Result<RsaKey> RsaKey::import(const SecretBytes& der) {
  RATLS_CHECK(check_psa(psa_crypto_init(), "PSA"));
  const psa_key_attributes_t wanted = attributes();
  psa_key_id_t id = 0;
  const psa_status_t status = der.expose(
      [&](ByteView bytes) { return psa_import_key(&wanted, bytes.data(), bytes.size(), &id); });
  if (status != PSA_SUCCESS) {
    return Error(Reason::invalid_config, "this is not an RSA-4096 private key");
  }
  return adopt(PsaKey(id));
}

Result<SecretBytes> RsaKey::export_der() const {
  Bytes der(PSA_EXPORT_KEY_OUTPUT_SIZE(PSA_KEY_TYPE_RSA_KEY_PAIR, kBits));
  std::size_t size = 0;
  const psa_status_t status = psa_export_key(key_.id(), der.data(), der.size(), &size);
  auto secret = SecretBytes::copy_of(ByteView(der).first(size));
  wipe(der);
  RATLS_CHECK(check_psa(status, "exporting an RSA key"));
  return secret;
}

Result<Bytes> RsaKey::sign_pss_sha384(ByteView message) const {
  Bytes signature(kBits / 8);
  std::size_t size = 0;
  RATLS_CHECK(
      check_psa(psa_sign_message(key_.id(), PSA_ALG_RSA_PSS(PSA_ALG_SHA_384), message.data(),
                                 message.size(), signature.data(), signature.size(), &size),
                "signing with RSA-PSS"));
  return signature;
}

}  // namespace ratls::sim::detail
