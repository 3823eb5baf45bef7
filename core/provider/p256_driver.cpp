// The entry points of mbedTLS's PSA driver for P-256 (MBEDTLS_PSA_P256M_DRIVER_ENABLED), on AWS-LC.
//
// mbedTLS 3.6's library/psa_crypto_driver_wrappers.h asks them first; on PSA_ERROR_NOT_SUPPORTED
// its built-in code does the work. import_key and export_public_key are asked for every type of
// key, so the public keys of X25519 are made here as well. Signing reaches a driver only for
// randomised ECDSA, which is why MBEDTLS_ECDSA_DETERMINISTIC is off.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <psa/crypto.h>

#include <ratls/core/detail/operation_count.h>
#include <ratls/core/detail/primitives.h>
#include <ratls/core/detail/self_test.h>

namespace {

using namespace ratls;
using detail::count;
using detail::Operation;
using primitives::Bytes32;
using primitives::Point256;
using primitives::View;

constexpr psa_key_type_t kP256Pair = PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1);
constexpr psa_key_type_t kP256Public = PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1);
constexpr psa_key_type_t kMontgomeryPair = PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY);

bool is(const psa_key_attributes_t* attributes, psa_key_type_t type, std::size_t bits) noexcept {
  return psa_get_key_type(attributes) == type && psa_get_key_bits(attributes) == bits;
}

Bytes32 scalar(const std::uint8_t* bytes) noexcept {
  return Bytes32(bytes, 32);
}

psa_status_t export_x25519(const std::uint8_t* key, std::span<std::uint8_t> out,
                           std::size_t* size) noexcept {
  if (out.size() < 32) return PSA_ERROR_BUFFER_TOO_SMALL;
  count(Operation::x25519_public);
  primitives::x25519_public(scalar(key), out.first<32>());
  *size = 32;
  return PSA_SUCCESS;
}

}  // namespace

// Declared by mbedTLS's 3rdparty/p256-m/p256-m_driver_entrypoints.h, which is not installed. The
// names are renamed with those of mbedTLS.
extern "C" {

psa_status_t p256_transparent_import_key(const psa_key_attributes_t* attributes,
                                         const uint8_t* data, size_t data_length,
                                         uint8_t* key_buffer, size_t key_buffer_size,
                                         size_t* key_buffer_length, size_t* bits);
psa_status_t p256_transparent_export_public_key(const psa_key_attributes_t* attributes,
                                                const uint8_t* key_buffer, size_t key_buffer_size,
                                                uint8_t* data, size_t data_size,
                                                size_t* data_length);
psa_status_t p256_transparent_generate_key(const psa_key_attributes_t* attributes,
                                           uint8_t* key_buffer, size_t key_buffer_size,
                                           size_t* key_buffer_length);
psa_status_t p256_transparent_key_agreement(const psa_key_attributes_t* attributes,
                                            const uint8_t* key_buffer, size_t key_buffer_size,
                                            psa_algorithm_t alg, const uint8_t* peer_key,
                                            size_t peer_key_length, uint8_t* shared_secret,
                                            size_t shared_secret_size,
                                            size_t* shared_secret_length);
psa_status_t p256_transparent_sign_hash(const psa_key_attributes_t* attributes,
                                        const uint8_t* key_buffer, size_t key_buffer_size,
                                        psa_algorithm_t alg, const uint8_t* hash,
                                        size_t hash_length, uint8_t* signature,
                                        size_t signature_size, size_t* signature_length);
psa_status_t p256_transparent_verify_hash(const psa_key_attributes_t* attributes,
                                          const uint8_t* key_buffer, size_t key_buffer_size,
                                          psa_algorithm_t alg, const uint8_t* hash,
                                          size_t hash_length, const uint8_t* signature,
                                          size_t signature_length);

psa_status_t p256_transparent_import_key(const psa_key_attributes_t* attributes,
                                         const uint8_t* data, size_t data_length,
                                         uint8_t* key_buffer, size_t key_buffer_size,
                                         size_t* key_buffer_length, size_t* bits) {
  const psa_key_type_t type = psa_get_key_type(attributes);
  const std::size_t declared = psa_get_key_bits(attributes);
  const bool is_pair = type == kP256Pair && data_length == 32;
  const bool is_public = type == kP256Public && data_length == 65;
  if ((!is_pair && !is_public) || (declared != 0 && declared != 256) || !provider::usable()) {
    return PSA_ERROR_NOT_SUPPORTED;
  }
  if (key_buffer_size < data_length) return PSA_ERROR_BUFFER_TOO_SMALL;
  const psa_status_t status = is_pair ? primitives::p256_check_private(scalar(data))
                                      : primitives::p256_check_public(Point256(data, 65));
  if (status != PSA_SUCCESS) return status;
  std::copy_n(data, data_length, key_buffer);
  *key_buffer_length = data_length;
  *bits = 256;
  return PSA_SUCCESS;
}

psa_status_t p256_transparent_export_public_key(const psa_key_attributes_t* attributes,
                                                const uint8_t* key_buffer, size_t key_buffer_size,
                                                uint8_t* data, size_t data_size,
                                                size_t* data_length) {
  if (key_buffer_size != 32 || !provider::usable()) return PSA_ERROR_NOT_SUPPORTED;
  if (is(attributes, kMontgomeryPair, 255)) {
    return export_x25519(key_buffer, {data, data_size}, data_length);
  }
  if (!is(attributes, kP256Pair, 256)) return PSA_ERROR_NOT_SUPPORTED;
  if (data_size < 65) return PSA_ERROR_BUFFER_TOO_SMALL;
  count(Operation::p256_public);
  *data_length = 65;
  return primitives::p256_public(scalar(key_buffer), std::span<std::uint8_t, 65>(data, 65));
}

psa_status_t p256_transparent_generate_key(const psa_key_attributes_t* attributes,
                                           uint8_t* key_buffer, size_t key_buffer_size,
                                           size_t* key_buffer_length) {
  if (!is(attributes, kP256Pair, 256) || !provider::usable()) return PSA_ERROR_NOT_SUPPORTED;
  if (key_buffer_size < 32) return PSA_ERROR_BUFFER_TOO_SMALL;
  count(Operation::p256_generate);
  *key_buffer_length = 32;
  return primitives::p256_generate(std::span<std::uint8_t, 32>(key_buffer, 32));
}

psa_status_t p256_transparent_key_agreement(const psa_key_attributes_t*, const uint8_t* key_buffer,
                                            size_t key_buffer_size, psa_algorithm_t alg,
                                            const uint8_t* peer_key, size_t peer_key_length,
                                            uint8_t* shared_secret, size_t shared_secret_size,
                                            size_t* shared_secret_length) {
  if (!PSA_ALG_IS_ECDH(alg) || key_buffer_size != 32 || peer_key_length != 65 ||
      !provider::usable()) {
    return PSA_ERROR_NOT_SUPPORTED;
  }
  if (shared_secret_size < 32) return PSA_ERROR_BUFFER_TOO_SMALL;
  count(Operation::p256_agree);
  *shared_secret_length = 32;
  return primitives::p256_agree(scalar(key_buffer), Point256(peer_key, 65),
                                std::span<std::uint8_t, 32>(shared_secret, 32));
}

psa_status_t p256_transparent_sign_hash(const psa_key_attributes_t*, const uint8_t* key_buffer,
                                        size_t key_buffer_size, psa_algorithm_t alg,
                                        const uint8_t* hash, size_t hash_length, uint8_t* signature,
                                        size_t signature_size, size_t* signature_length) {
  if (!PSA_ALG_IS_RANDOMIZED_ECDSA(alg) || key_buffer_size != 32 || !provider::usable()) {
    return PSA_ERROR_NOT_SUPPORTED;
  }
  if (signature_size < 64) return PSA_ERROR_BUFFER_TOO_SMALL;
  count(Operation::p256_sign);
  *signature_length = 64;
  return primitives::p256_sign(scalar(key_buffer), View(hash, hash_length),
                               std::span<std::uint8_t, 64>(signature, 64));
}

psa_status_t p256_transparent_verify_hash(const psa_key_attributes_t*, const uint8_t* key_buffer,
                                          size_t key_buffer_size, psa_algorithm_t,
                                          const uint8_t* hash, size_t hash_length,
                                          const uint8_t* signature, size_t signature_length) {
  if ((key_buffer_size != 65 && key_buffer_size != 32) || !provider::usable()) {
    return PSA_ERROR_NOT_SUPPORTED;
  }
  if (signature_length != 64) return PSA_ERROR_INVALID_SIGNATURE;
  std::array<std::uint8_t, 65> point{};
  if (key_buffer_size == 65) {
    std::copy_n(key_buffer, 65, point.begin());
  } else if (const psa_status_t status = primitives::p256_public(scalar(key_buffer), point);
             status != PSA_SUCCESS) {
    return status;
  }
  count(Operation::p256_verify);
  return primitives::p256_verify(point, View(hash, hash_length),
                                 std::span<const std::uint8_t, 64>(signature, 64));
}

}  // extern "C"
