// Two of the ALT hooks of mbedTLS 3.6; this folder has all of them. mbedTLS 4 has no such hooks:
// what replaces the folder then are PSA drivers, beside p256_driver.cpp.
#include <array>
#include <cstdint>

#include <mbedtls/ecdh.h>
#include <mbedtls/sha256.h>
#include <openssl/mem.h>
#include <openssl/sha.h>
#include <psa/crypto.h>

#include <ratls/core/detail/operation_count.h>
#include <ratls/core/detail/primitives.h>
#include <ratls/core/detail/self_test.h>

namespace {

using Byte = unsigned char;

// RFC 7748, 5: X25519 on AWS-LC.
int x25519_shared(mbedtls_ecp_group* group, mbedtls_mpi* z, const mbedtls_ecp_point* peer,
                  const mbedtls_mpi* d) noexcept {
  std::array<Byte, 32> scalar{};
  std::array<Byte, 32> point{};
  std::array<Byte, 32> shared{};
  std::size_t size = 0;
  int failed = mbedtls_mpi_write_binary_le(d, scalar.data(), scalar.size());
  if (failed == 0) {
    failed = mbedtls_ecp_point_write_binary(group, peer, MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
                                            point.data(), point.size());
  }
  ratls::detail::count(ratls::detail::Operation::x25519_agree);
  if (failed == 0 && ratls::primitives::x25519_agree(scalar, point, shared) != PSA_SUCCESS) {
    failed = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
  }
  if (failed == 0) failed = mbedtls_mpi_read_binary_le(z, shared.data(), shared.size());
  OPENSSL_cleanse(scalar.data(), scalar.size());
  OPENSSL_cleanse(shared.data(), shared.size());
  return failed;
}

// Every other curve, and X25519 after a failed self-test: mbedTLS's own multiplication
// (SEC 1, 3.3.1).
int generic_shared(mbedtls_ecp_group* group, mbedtls_mpi* z, const mbedtls_ecp_point* peer,
                   const mbedtls_mpi* d, int (*rng)(void*, Byte*, std::size_t),
                   void* rng_state) noexcept {
  mbedtls_ecp_point point;
  mbedtls_ecp_point_init(&point);
  int failed = mbedtls_ecp_mul(group, &point, d, peer, rng, rng_state);
  if (failed == 0 && mbedtls_ecp_is_zero(&point) != 0) failed = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
  if (failed == 0) failed = mbedtls_mpi_copy(z, &point.MBEDTLS_PRIVATE(X));
  mbedtls_ecp_point_free(&point);
  return failed;
}

}  // namespace

extern "C" {

int mbedtls_ecdh_compute_shared(mbedtls_ecp_group* grp, mbedtls_mpi* z, const mbedtls_ecp_point* Q,
                                const mbedtls_mpi* d, int (*f_rng)(void*, Byte*, std::size_t),
                                void* p_rng) {
  if (grp->id == MBEDTLS_ECP_DP_CURVE25519 && ratls::provider::usable()) {
    return x25519_shared(grp, z, Q, d);
  }
  return generic_shared(grp, z, Q, d, f_rng, p_rng);
}

int mbedtls_internal_sha256_process(mbedtls_sha256_context* ctx, const Byte data[64]) {
  SHA256_TransformBlocks(ctx->MBEDTLS_PRIVATE(state), data, 1);
  return 0;
}

}  // extern "C"
