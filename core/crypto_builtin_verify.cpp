// Signatures verified by mbedTLS 3.6 alone: the provider `builtin`, and what stands in where the
// self-test of AWS-LC failed.
#include <ratls/core/detail/crypto_provider.h>
#include <ratls/core/guarded.h>

#include <string>

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>

namespace ratls::crypto::builtin {

namespace {

// Frees an mbedTLS object at the end of its scope.
template <class T, void (*init)(T*), void (*release)(T*)>
struct Owned {
  Owned() noexcept { init(&value); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { release(&value); }
  T value;
};
using Mpi = Owned<mbedtls_mpi, mbedtls_mpi_init, mbedtls_mpi_free>;
using Group = Owned<mbedtls_ecp_group, mbedtls_ecp_group_init, mbedtls_ecp_group_free>;
using Point = Owned<mbedtls_ecp_point, mbedtls_ecp_point_init, mbedtls_ecp_point_free>;
using Rsa = Owned<mbedtls_rsa_context, mbedtls_rsa_init, mbedtls_rsa_free>;

Error invalid(int code, std::string_view what) {
  if (ran_out_of_memory(code)) return Error(Reason::out_of_memory);
  return Error(Reason::signature_invalid, std::string(what));
}

}  // namespace

Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s) {
  Group group;
  Point point;
  Mpi r_value;
  Mpi s_value;
  if (mbedtls_ecp_group_load(&group.value, MBEDTLS_ECP_DP_SECP384R1) != 0) {
    return Error(Reason::out_of_memory);
  }
  int failed = mbedtls_ecp_point_read_binary(&group.value, &point.value, key.view().data(), 97);
  if (failed == 0) failed = mbedtls_ecp_check_pubkey(&group.value, &point.value);
  if (failed != 0) {
    return invalid(failed, "the public key is not a point on P-384");
  }
  if (mbedtls_mpi_read_binary(&r_value.value, r.view().data(), 48) != 0 ||
      mbedtls_mpi_read_binary(&s_value.value, s.view().data(), 48) != 0) {
    return Error(Reason::out_of_memory);
  }
  failed = mbedtls_ecdsa_verify(&group.value, digest.view().data(), 48, &point.value,
                                &r_value.value, &s_value.value);
  if (failed != 0) {
    return invalid(failed, "ECDSA P-384 does not verify");
  }
  return {};
}

namespace {

Result<void> import_rsa(Rsa& rsa, const RsaPublicKey& key, ByteView signature) {
  int failed =
      mbedtls_rsa_import_raw(&rsa.value, key.modulus.data(), key.modulus.size(), nullptr, 0,
                             nullptr, 0, nullptr, 0, key.exponent.data(), key.exponent.size());
  if (failed == 0) failed = mbedtls_rsa_complete(&rsa.value);
  if (failed == 0) failed = mbedtls_rsa_check_pubkey(&rsa.value);
  if (failed != 0) {
    return invalid(failed, "the RSA public key is not usable");
  }
  const std::size_t bits = mbedtls_rsa_get_bitlen(&rsa.value);
  if (bits < 2048 || bits > 4096) return invalid(0, "the RSA key is not of 2048 to 4096 bits");
  const std::size_t size = mbedtls_rsa_get_len(&rsa.value);
  if (signature.size() != size) return invalid(0, "the RSA signature has the wrong length");
  return {};
}

}  // namespace

Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, const Sha384Digest& digest,
                                   ByteView signature) {
  Rsa rsa;
  RATLS_CHECK(import_rsa(rsa, key, signature));
  const int failed =
      mbedtls_rsa_rsassa_pss_verify_ext(&rsa.value, MBEDTLS_MD_SHA384, 48, digest.view().data(),
                                        MBEDTLS_MD_SHA384, 48, signature.data());
  if (failed != 0) {
    return invalid(failed, "RSASSA-PSS does not verify");
  }
  return {};
}

Result<void> verify_rsa_pkcs1_sha256(const RsaPublicKey& key, const Sha256Digest& digest,
                                     ByteView signature) {
  Rsa rsa;
  RATLS_CHECK(import_rsa(rsa, key, signature));
  const int failed = mbedtls_rsa_rsassa_pkcs1_v15_verify(&rsa.value, MBEDTLS_MD_SHA256, 32,
                                                         digest.view().data(), signature.data());
  if (failed != 0) {
    return invalid(failed, "RSASSA-PKCS1-v1_5 does not verify");
  }
  return {};
}

}  // namespace ratls::crypto::builtin
