#include <ratls/core/guarded.h>

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509.h>

namespace ratls {

// A code is a high-level module's and a low-level one's, added (mbedtls/error.h); either may say
// it.
bool ran_out_of_memory(int mbedtls_code) noexcept {
  const int low = -(-mbedtls_code & 0x7F);
  switch (mbedtls_code - low) {
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
      return true;
    default:
      return low == MBEDTLS_ERR_ASN1_ALLOC_FAILED || low == MBEDTLS_ERR_MPI_ALLOC_FAILED;
  }
}

}  // namespace ratls
