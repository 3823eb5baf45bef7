/* The contexts of the mbedTLS hooks that core/provider/alt.cpp fills when the
 * arithmetic is AWS-LC's. mbedTLS includes this as gcm_alt.h and chachapoly_alt.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef RATLS_MBEDTLS_ALT_H
#define RATLS_MBEDTLS_ALT_H

#include <stddef.h>
#include <stdint.h>

#include "mbedtls/chacha20.h"
#include "mbedtls/poly1305.h"

#if defined(MBEDTLS_GCM_ALT)
typedef struct mbedtls_gcm_context {
  unsigned char key[32];
  size_t key_size;
  int mode;
  void* seal; /* in parts: EVP_CIPHER_CTX that encrypts; its tag is the tag */
  void* open; /* in parts, decrypting: EVP_CIPHER_CTX that decrypts */
} mbedtls_gcm_context;
#endif

#if defined(MBEDTLS_CHACHAPOLY_ALT)
typedef struct mbedtls_chachapoly_context {
  unsigned char key[32];
  mbedtls_chacha20_context chacha20; /* in parts: mbedTLS's own two halves */
  mbedtls_poly1305_context poly1305;
  uint64_t aad_size;
  uint64_t text_size;
  int state;
  int mode;
} mbedtls_chachapoly_context;
#endif

#endif
