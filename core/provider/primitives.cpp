// core/detail/primitives.h on AWS-LC's public API.
#include <ratls/core/detail/primitives.h>

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/digest.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <psa/crypto.h>

namespace ratls::primitives {

namespace {

using Number = bssl::UniquePtr<BIGNUM>;
using Key = bssl::UniquePtr<EC_KEY>;
using Signature = bssl::UniquePtr<ECDSA_SIG>;

// AWS-LC keeps a queue of errors for each thread; nobody else reads it here. Where memory ran out
// the queue says so, and nothing else about the input is known.
psa_status_t refused(psa_status_t status) noexcept {
  bool memory = false;
  for (std::uint32_t code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    memory = memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
  }
  return memory ? PSA_ERROR_INSUFFICIENT_MEMORY : status;
}

Number number(View bytes) noexcept {
  return Number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
}

Key empty_key(const EC_GROUP* group) noexcept {
  Key key(EC_KEY_new());
  if (key == nullptr || EC_KEY_set_group(key.get(), group) != 1) return nullptr;
  return key;
}

// EC_KEY_set_private_key() refuses zero and what is not below the order.
Key private_key(Bytes32 scalar) noexcept {
  Key key = empty_key(EC_group_p256());
  const Number value = number(scalar);
  if (key == nullptr || value == nullptr || BN_is_zero(value.get()) != 0 ||
      EC_KEY_set_private_key(key.get(), value.get()) != 1) {
    return nullptr;
  }
  return key;
}

// EC_POINT_oct2point() refuses coordinates not below p and points off the curve. The compressed
// forms and the point at infinity have other lengths than the one form taken here.
bssl::UniquePtr<EC_POINT> point_of(const EC_GROUP* group, View bytes) noexcept {
  bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
  if (point == nullptr || bytes[0] != POINT_CONVERSION_UNCOMPRESSED ||
      EC_POINT_oct2point(group, point.get(), bytes.data(), bytes.size(), nullptr) != 1) {
    return nullptr;
  }
  return point;
}

Key public_key(const EC_GROUP* group, View bytes) noexcept {
  Key key = empty_key(group);
  const auto point = point_of(group, bytes);
  if (key == nullptr || point == nullptr || EC_KEY_set_public_key(key.get(), point.get()) != 1) {
    return nullptr;
  }
  return key;
}

// ECDSA_do_verify() refuses r and s that are zero or not below the order.
psa_status_t verify(const EC_GROUP* group, View point, View digest, View r, View s) noexcept {
  const Key key = public_key(group, point);
  if (key == nullptr) return refused(PSA_ERROR_INVALID_ARGUMENT);
  Number r_value = number(r);
  Number s_value = number(s);
  const Signature signature(ECDSA_SIG_new());
  if (r_value == nullptr || s_value == nullptr || signature == nullptr) {
    return refused(PSA_ERROR_INSUFFICIENT_MEMORY);
  }
  if (ECDSA_SIG_set0(signature.get(), r_value.release(), s_value.release()) != 1 ||
      ECDSA_do_verify(digest.data(), digest.size(), signature.get(), key.get()) != 1) {
    return refused(PSA_ERROR_INVALID_SIGNATURE);
  }
  return PSA_SUCCESS;
}

}  // namespace

psa_status_t p256_check_private(Bytes32 scalar) noexcept {
  return private_key(scalar) ? PSA_SUCCESS : refused(PSA_ERROR_INVALID_ARGUMENT);
}

psa_status_t p256_check_public(Point256 point) noexcept {
  return point_of(EC_group_p256(), point) ? PSA_SUCCESS : refused(PSA_ERROR_INVALID_ARGUMENT);
}

psa_status_t p256_generate(std::span<std::uint8_t, 32> scalar) noexcept {
  const Key key = empty_key(EC_group_p256());
  if (key == nullptr || EC_KEY_generate_key(key.get()) != 1 ||
      BN_bn2bin_padded(scalar.data(), scalar.size(), EC_KEY_get0_private_key(key.get())) != 1) {
    return refused(PSA_ERROR_INSUFFICIENT_MEMORY);
  }
  return PSA_SUCCESS;
}

psa_status_t p256_public(Bytes32 scalar, std::span<std::uint8_t, 65> point) noexcept {
  const EC_GROUP* group = EC_group_p256();
  const Key key = private_key(scalar);
  if (key == nullptr) return refused(PSA_ERROR_INVALID_ARGUMENT);
  const bssl::UniquePtr<EC_POINT> result(EC_POINT_new(group));
  if (result == nullptr ||
      EC_POINT_mul(group, result.get(), EC_KEY_get0_private_key(key.get()), nullptr, nullptr,
                   nullptr) != 1 ||
      EC_POINT_point2oct(group, result.get(), POINT_CONVERSION_UNCOMPRESSED, point.data(),
                         point.size(), nullptr) != point.size()) {
    return refused(PSA_ERROR_INSUFFICIENT_MEMORY);
  }
  return PSA_SUCCESS;
}

psa_status_t p256_agree(Bytes32 scalar, Point256 peer, std::span<std::uint8_t, 32> x) noexcept {
  const Key key = private_key(scalar);
  const auto point = point_of(EC_group_p256(), peer);
  if (key == nullptr || point == nullptr ||
      ECDH_compute_key(x.data(), x.size(), point.get(), key.get(), nullptr) != 32) {
    return refused(PSA_ERROR_INVALID_ARGUMENT);
  }
  return PSA_SUCCESS;
}

psa_status_t p256_sign(Bytes32 scalar, View digest, std::span<std::uint8_t, 64> r_s) noexcept {
  const Key key = private_key(scalar);
  if (key == nullptr) return refused(PSA_ERROR_INVALID_ARGUMENT);
  const Signature signature(ECDSA_do_sign(digest.data(), digest.size(), key.get()));
  if (signature == nullptr ||
      BN_bn2bin_padded(r_s.data(), 32, ECDSA_SIG_get0_r(signature.get())) != 1 ||
      BN_bn2bin_padded(r_s.subspan<32>().data(), 32, ECDSA_SIG_get0_s(signature.get())) != 1) {
    return refused(PSA_ERROR_INSUFFICIENT_MEMORY);
  }
  return PSA_SUCCESS;
}

psa_status_t p256_verify(Point256 point, View digest,
                         std::span<const std::uint8_t, 64> r_s) noexcept {
  return verify(EC_group_p256(), point, digest, r_s.first<32>(), r_s.last<32>());
}

void x25519_public(Bytes32 scalar, std::span<std::uint8_t, 32> point) noexcept {
  X25519_public_from_private(point.data(), scalar.data());
}

psa_status_t x25519_agree(Bytes32 scalar, Bytes32 peer, std::span<std::uint8_t, 32> out) noexcept {
  return X25519(out.data(), scalar.data(), peer.data()) == 1 ? PSA_SUCCESS
                                                             : refused(PSA_ERROR_INVALID_ARGUMENT);
}

psa_status_t p384_verify(std::span<const std::uint8_t, 97> point, View digest,
                         std::span<const std::uint8_t, 48> r,
                         std::span<const std::uint8_t, 48> s) noexcept {
  return verify(EC_group_p384(), point, digest, r, s);
}

psa_status_t rsa_pss_sha384_verify(View modulus, View exponent, View digest,
                                   View signature) noexcept {
  const Number n = number(modulus);
  const Number e = number(exponent);
  if (n == nullptr || e == nullptr) return refused(PSA_ERROR_INSUFFICIENT_MEMORY);
  const bssl::UniquePtr<RSA> rsa(RSA_new_public_key(n.get(), e.get()));
  if (rsa == nullptr) return refused(PSA_ERROR_INVALID_ARGUMENT);
  if (RSA_verify_pss_mgf1(rsa.get(), digest.data(), digest.size(), EVP_sha384(), EVP_sha384(), 48,
                          signature.data(), signature.size()) != 1) {
    return refused(PSA_ERROR_INVALID_SIGNATURE);
  }
  return PSA_SUCCESS;
}

}  // namespace ratls::primitives
