/* The mbedTLS that ratls is built on: this file is the whole configuration
 * (MBEDTLS_CONFIG_FILE), nothing is inherited from mbedTLS's default one.
 *
 * TLS 1.3 only. P-256, P-384 and X25519; AES-GCM and ChaCha20-Poly1305; SHA-2;
 * RSA with PSS, and PKCS#1 v1.5 because public web chains still use it.
 * Also used by scripts/deps as part of the cache key: an edit here rebuilds. Its
 * copy beside the built library begins with RATLS_CRYPTO_AWSLC where the
 * arithmetic is AWS-LC's; without it, everything is mbedTLS's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/* No include guard on purpose: mbedtls/build_info.h is what includes it, once. */

/* -- Platform ------------------------------------------------------------- */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define RATLS_WITHOUT_ASM /* the memory sanitizer cannot watch it: scripts/msan */
#endif
#endif
#if !defined(RATLS_WITHOUT_ASM)
#define MBEDTLS_HAVE_ASM
#endif
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_PTHREAD
#define MBEDTLS_ERROR_C
#define MBEDTLS_VERSION_C
/* MBEDTLS_FS_IO, MBEDTLS_NET_C, MBEDTLS_TIMING_C stay off: files, sockets and
 * clocks are ours. */

/* -- Random numbers: core/provider/random.cpp, from the kernel -------------- */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* -- Symmetric ------------------------------------------------------------- */
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#if (defined(__x86_64__) || defined(__i386__)) && !defined(RATLS_WITHOUT_ASM)
#define MBEDTLS_AESNI_C
#endif
#if defined(__aarch64__) && !defined(RATLS_WITHOUT_ASM)
#define MBEDTLS_AESCE_C
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#endif
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

/* -- Hashes ---------------------------------------------------------------- */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA224_C /* SHA-224 and SHA-256 share one file */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_HKDF_C

/* -- Public key ------------------------------------------------------------ */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
/* MBEDTLS_ECDSA_DETERMINISTIC stays off: only randomised ECDSA reaches a PSA
 * driver, and no test may depend on a signature's bytes. */
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_GENPRIME /* RSA keys of the simulated AMD-SP */
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_PARSE_EC_EXTENDED
#define MBEDTLS_PK_WRITE_C

/* -- PSA ------------------------------------------------------------------- */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_KEY_STORE_DYNAMIC /* 200 sessions hold more than 32 keys */
/* PSA need not copy its inputs: nothing but this process can write to them. */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS
/* MBEDTLS_PSA_CRYPTO_CONFIG stays off: PSA offers what this file lists.
 * MBEDTLS_PSA_CRYPTO_STORAGE_C stays off: no key is ever written to disk. */

/* -- ASN.1, PEM, X.509 ----------------------------------------------------- */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PEM_WRITE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_CRL_PARSE_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CRT_WRITE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT

/* -- TLS 1.3 --------------------------------------------------------------- */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_KEYING_MATERIAL_EXPORT
#define MBEDTLS_SSL_SERVER_NAME_INDICATION /* also guards set_hs_own_cert */
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_SSL_SESSION_TICKETS /* compiled; off at run time */
#define MBEDTLS_SSL_TICKET_C

#if defined(RATLS_MBEDTLS_DEBUG)
#define MBEDTLS_DEBUG_C
#endif

/* -- AWS-LC's arithmetic behind mbedTLS's own seam ------------------------- */
#if defined(RATLS_CRYPTO_AWSLC)
/* The PSA driver. Upstream's own p256-m is not compiled (it is slower than the
 * built-in code): core/provider/p256_driver.cpp has its entry points. */
#define MBEDTLS_PSA_P256M_DRIVER_ENABLED
/* The hooks, all of them filled by core/provider/alt.cpp. */
#define MBEDTLS_ECDH_COMPUTE_SHARED_ALT
#define MBEDTLS_SHA256_PROCESS_ALT
#define MBEDTLS_GCM_ALT
#define MBEDTLS_CHACHAPOLY_ALT
#undef MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#endif

/* -- What must never come back --------------------------------------------- */
#if defined(MBEDTLS_SSL_PROTO_TLS1_2)
#error "ratls speaks TLS 1.3 only: remove MBEDTLS_SSL_PROTO_TLS1_2."
#endif
#if defined(MBEDTLS_SSL_EARLY_DATA)
#error "Early data is not bound to fresh evidence: remove MBEDTLS_SSL_EARLY_DATA."
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION) || defined(MBEDTLS_SSL_PROTO_DTLS)
#error "ratls has neither renegotiation nor DTLS: remove both."
#endif
#if defined(MBEDTLS_PSA_CRYPTO_CONFIG)
#error "The algorithms are listed in this file only: remove MBEDTLS_PSA_CRYPTO_CONFIG."
#endif
#if defined(MBEDTLS_ENTROPY_C) || defined(MBEDTLS_CTR_DRBG_C)
#error "mbedTLS draws from the kernel: docs/decisions/0013-random-numbers.md."
#endif
#if defined(MBEDTLS_TEST_HOOKS) || defined(MBEDTLS_SSL_DEBUG_ALL)
#error "Test hooks and secret-printing logs must not be compiled in."
#endif

/* Every mbedTLS symbol carries the prefix ratls_, so that a program may also
 * link the system's mbedTLS. The header is made from the built archive; it does
 * not exist yet while mbedTLS itself is compiled. */
#if defined(__has_include)
#if __has_include("ratls_mbedtls_symbols.h")
#include "ratls_mbedtls_symbols.h"
#endif
#endif
