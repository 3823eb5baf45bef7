#include <ratls/core/signing_key.h>

#include <algorithm>
#include <string>
#include <utility>

#include <mbedtls/pk.h>
#include <psa/crypto.h>
#include <sodium.h>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>

namespace ratls {

namespace {

constexpr std::size_t kBits = 256;
constexpr std::size_t kScalarSize = 32;
constexpr std::size_t kPointSize = 65;
constexpr std::string_view kPemBegin = "-----BEGIN EC PRIVATE KEY-----\n";
constexpr std::string_view kPemEnd = "-----END EC PRIVATE KEY-----\n";

Error psa_error(std::string_view what, psa_status_t status) {
  if (status == PSA_ERROR_INSUFFICIENT_MEMORY) return Error(Reason::out_of_memory);
  return Error(Reason::internal,
               std::string(what) + " (PSA status " + std::to_string(status) + ")");
}

// For blinding while a key is read.
int random_for_mbedtls(void*, unsigned char* out, std::size_t size) {
  crypto::random({out, size});
  return 0;
}

psa_key_attributes_t attributes(psa_key_usage_t usage) {
  psa_key_attributes_t out = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&out, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&out, kBits);
  // Only randomised ECDSA: the key cannot be driven through the deterministic variant.
  psa_set_key_algorithm(&out, PSA_ALG_ECDSA(PSA_ALG_ANY_HASH));
  psa_set_key_usage_flags(&out, usage);
  return out;
}

constexpr psa_key_usage_t kSignOnly = PSA_KEY_USAGE_SIGN_HASH | PSA_KEY_USAGE_SIGN_MESSAGE;

Bytes p256_algorithm() {
  return der::sequence({der::oid("1.2.840.10045.2.1"), der::oid("1.2.840.10045.3.1.7")});
}

Result<Bytes> export_point(psa_key_id_t id) {
  Bytes point(kPointSize);
  std::size_t size = 0;
  const psa_status_t status = psa_export_public_key(id, point.data(), point.size(), &size);
  if (status != PSA_SUCCESS || size != kPointSize) return psa_error("no public key", status);
  return point;
}

// RFC 5915, 3: ECPrivateKey with named curve and public key. Written in place: each of der.h's
// functions would leave a copy of the scalar in freed memory.
Bytes ec_private_key(ByteView scalar, ByteView point) {
  const Bytes version = der::integer(1);
  const Bytes curve = der::explicit_tag(0, der::oid("1.2.840.10045.3.1.7"));
  const Bytes public_key = der::explicit_tag(1, der::bit_string(point));
  const std::size_t size = version.size() + 2 + scalar.size() + curve.size() + public_key.size();
  Bytes out;
  out.reserve(2 + size);
  append(out, Bytes{0x30, static_cast<std::uint8_t>(size)});  // 119 bytes: the short form
  append(out, version);
  append(out, Bytes{0x04, static_cast<std::uint8_t>(scalar.size())});
  append(out, scalar);
  append(out, curve);
  append(out, public_key);
  return out;
}

Bytes pem_of(ByteView der) {
  Bytes base64(sodium_base64_ENCODED_LEN(der.size(), sodium_base64_VARIANT_ORIGINAL));
  sodium_bin2base64(reinterpret_cast<char*>(base64.data()), base64.size(), der.data(), der.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  base64.pop_back();  // the terminating NUL
  Bytes out(as_bytes(kPemBegin).begin(), as_bytes(kPemBegin).end());
  out.reserve(512);  // no reallocation that would leave a copy of the key behind
  for (std::size_t at = 0; at < base64.size(); at += 64) {
    append(out, ByteView(base64).subspan(at, std::min<std::size_t>(64, base64.size() - at)));
    out.push_back('\n');
  }
  append(out, as_bytes(kPemEnd));
  wipe(base64);
  return out;
}

}  // namespace

SpkiHash hash_spki(ByteView spki) noexcept {
  return *SpkiHash::from(crypto::sha384({spki}).view());
}

SigningKey::SigningKey(std::uint32_t id, Bytes spki) noexcept : id_(id), spki_(std::move(spki)) {}

SigningKey::SigningKey(SigningKey&& other) noexcept
    : id_(std::exchange(other.id_, 0)), spki_(std::move(other.spki_)) {}

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  // The key that was held is destroyed here, not whenever `other` ends.
  SigningKey taken(std::move(other));
  std::swap(id_, taken.id_);
  std::swap(spki_, taken.spki_);
  return *this;
}

SigningKey::~SigningKey() {
  if (id_ != 0) psa_destroy_key(id_);
}

Result<SigningKey> SigningKey::adopt(std::uint32_t id) {
  SigningKey key(id, {});
  RATLS_TRY(const Bytes point, export_point(id));
  key.spki_ = der::sequence({p256_algorithm(), der::bit_string(point)});
  return key;
}

Result<SigningKey> SigningKey::generate() {
  if (const auto status = psa_crypto_init(); status != PSA_SUCCESS) {
    return psa_error("PSA did not initialise", status);
  }
  const psa_key_attributes_t wanted = attributes(kSignOnly);
  psa_key_id_t id = 0;
  if (const auto status = psa_generate_key(&wanted, &id); status != PSA_SUCCESS) {
    return psa_error("no key", status);
  }
  return adopt(id);
}

Result<SecretBytes> SigningKey::generate_pem() {
  if (const auto status = psa_crypto_init(); status != PSA_SUCCESS) {
    return psa_error("PSA did not initialise", status);
  }
  const psa_key_attributes_t wanted = attributes(kSignOnly | PSA_KEY_USAGE_EXPORT);
  psa_key_id_t id = 0;
  if (const auto status = psa_generate_key(&wanted, &id); status != PSA_SUCCESS) {
    return psa_error("no key", status);
  }
  RATLS_TRY(const SigningKey key, adopt(id));  // destroys the PSA key in the end
  RATLS_TRY(const Bytes point, export_point(id));
  Secret<kScalarSize> scalar;
  std::size_t size = 0;
  const psa_status_t status = scalar.fill([&](std::span<std::uint8_t, kScalarSize> memory) {
    return psa_export_key(id, memory.data(), memory.size(), &size);
  });
  if (status != PSA_SUCCESS || size != kScalarSize) return psa_error("no private key", status);
  Bytes der = scalar.expose([&](ByteView bytes) { return ec_private_key(bytes, point); });
  auto pem = SecretBytes::take(pem_of(der));
  wipe(der);
  return pem;
}

Result<SigningKey> SigningKey::import_pem(const SecretBytes& pem) {
  if (const auto status = psa_crypto_init(); status != PSA_SUCCESS) {
    return psa_error("PSA did not initialise", status);
  }
  // mbedTLS reads PEM only with its terminating NUL.
  Bytes text;
  text.reserve(pem.size() + 1);  // no reallocation that would leave a copy of the key behind
  pem.expose([&](ByteView bytes) { append(text, bytes); });
  text.push_back(0);
  mbedtls_pk_context pk;
  mbedtls_pk_init(&pk);
  const int failed =
      mbedtls_pk_parse_key(&pk, text.data(), text.size(), nullptr, 0, random_for_mbedtls, nullptr);
  wipe(text);
  psa_key_id_t id = 0;
  const bool is_p256 = failed == 0 && mbedtls_pk_can_do(&pk, MBEDTLS_PK_ECDSA) == 1 &&
                       mbedtls_pk_get_bitlen(&pk) == kBits;
  const psa_key_attributes_t wanted = attributes(kSignOnly);
  const psa_status_t status =
      is_p256 ? mbedtls_pk_import_into_psa(&pk, &wanted, &id) : PSA_ERROR_INVALID_ARGUMENT;
  mbedtls_pk_free(&pk);
  if (!is_p256 || status != PSA_SUCCESS) {
    return Error(Reason::invalid_config,
                 "the file does not hold one unencrypted P-256 private key");
  }
  return adopt(id);
}

Result<Bytes> SigningKey::sign_sha256(ByteView message) const {
  return sign(PSA_ALG_ECDSA(PSA_ALG_SHA_256), message);
}

Result<Bytes> SigningKey::sign_sha384(ByteView message) const {
  return sign(PSA_ALG_ECDSA(PSA_ALG_SHA_384), message);
}

Result<Bytes> SigningKey::sign(std::uint32_t psa_algorithm, ByteView message) const {
  std::array<std::uint8_t, 64> raw{};
  std::size_t size = 0;
  const psa_status_t status = psa_sign_message(id_, psa_algorithm, message.data(), message.size(),
                                               raw.data(), raw.size(), &size);
  if (status != PSA_SUCCESS || size != raw.size()) return psa_error("cannot sign", status);
  const ByteView both(raw);
  return der::sequence({der::integer(both.first(32)), der::integer(both.subspan(32))});
}

}  // namespace ratls
