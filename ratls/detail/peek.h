/* The only reads of mbedTLS's internals: what the handshake knows before it is over.
 *
 * Each function is true for mbedTLS 3.6.x only; peek.c refuses to compile with another branch. */
#ifndef RATLS_DETAIL_PEEK_H
#define RATLS_DETAIL_PEEK_H

#include <stddef.h>
#include <stdint.h>

#include <mbedtls/ssl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The handshake's state, a mbedtls_ssl_states. */
int ratls_peek_state(const mbedtls_ssl_context* ssl);

/* 1 where the server sent a CertificateRequest; meaningful in MBEDTLS_SSL_CLIENT_CERTIFICATE. */
int ratls_peek_certificate_requested(const mbedtls_ssl_context* ssl);

/* Copies the exporter_master_secret (RFC 8446, 7.1) of a handshake that is not over, known from
 * the server's Finished on. Returns its size, 32 or 48; 0 where there is none. */
size_t ratls_peek_exporter_secret(const mbedtls_ssl_context* ssl, uint8_t out[48]);

/* The size of the negotiated cipher suite's hash, 32 or 48; 0 before ServerHello. */
size_t ratls_peek_hash_size(const mbedtls_ssl_context* ssl);

/* The PSK that this handshake used, known from ServerHello on and until a new ticket is written or
 * taken. Returns its size, 32 or 48; 0 where the handshake used none. */
size_t ratls_peek_psk(const mbedtls_ssl_context* ssl, uint8_t out[48]);

/* The PSK that a session which was saved or shown stands for. Returns its size; 0 where it has
 * none. */
size_t ratls_peek_session_psk(const mbedtls_ssl_session* session, uint8_t out[48]);

/* The description of the alert read last; call it right after MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE.
 */
int ratls_peek_alert(const mbedtls_ssl_context* ssl);

/* How many bytes of the peer's mbedTLS holds that nobody has read: of a record, whole or in part.
 */
size_t ratls_peek_pending(const mbedtls_ssl_context* ssl);

/* How many records this connection's present keys have opened (in) and sealed. */
uint64_t ratls_peek_records_in(const mbedtls_ssl_context* ssl);
uint64_t ratls_peek_records_out(const mbedtls_ssl_context* ssl);

#ifdef __cplusplus
}
#endif

#endif
