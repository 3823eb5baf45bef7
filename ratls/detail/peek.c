#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <ratls/detail/peek.h>

#include <mbedtls/build_info.h>
#include <mbedtls/ssl_ciphersuites.h>

#include "library/ssl_misc.h"

#if MBEDTLS_VERSION_MAJOR != 3 || MBEDTLS_VERSION_MINOR != 6
#error "peek.c knows the internals of mbedTLS 3.6 only; check each function against the new branch."
#endif

static size_t hash_size_of(int suite) {
  const mbedtls_ssl_ciphersuite_t* info = mbedtls_ssl_ciphersuite_from_id(suite);
  if (info == NULL) return 0;
  return info->mac == MBEDTLS_MD_SHA384 ? 48 : 32;
}

int ratls_peek_state(const mbedtls_ssl_context* ssl) {
  return ssl->state;
}

int ratls_peek_certificate_requested(const mbedtls_ssl_context* ssl) {
  return ssl->handshake != NULL && ssl->handshake->client_auth != 0;
}

size_t ratls_peek_hash_size(const mbedtls_ssl_context* ssl) {
  const mbedtls_ssl_session* session =
      ssl->session_negotiate != NULL ? ssl->session_negotiate : ssl->session;
  return session == NULL ? 0 : hash_size_of(session->ciphersuite);
}

size_t ratls_peek_exporter_secret(const mbedtls_ssl_context* ssl, uint8_t out[48]) {
  size_t size;
  if (ssl->session_negotiate == NULL) return 0;
  size = hash_size_of(ssl->session_negotiate->ciphersuite);
  for (size_t i = 0; i < size; ++i) {
    out[i] = ssl->session_negotiate->app_secrets.exporter_master_secret[i];
  }
  return size;
}

_Static_assert(MBEDTLS_SSL_TLS1_3_TICKET_RESUMPTION_KEY_LEN == 48, "a PSK fits what peek.h says");

size_t ratls_peek_session_psk(const mbedtls_ssl_session* session, uint8_t out[48]) {
  const size_t size = session->resumption_key_len;
  if (size > sizeof session->resumption_key) return 0;
  for (size_t i = 0; i < size; ++i) out[i] = session->resumption_key[i];
  return size;
}

size_t ratls_peek_psk(const mbedtls_ssl_context* ssl, uint8_t out[48]) {
  const mbedtls_ssl_session* session =
      ssl->session_negotiate != NULL ? ssl->session_negotiate : ssl->session;
  if (ssl->handshake == NULL || session == NULL) return 0;
  if ((ssl->handshake->key_exchange_mode & MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_ALL) == 0) {
    return 0;
  }
  return ratls_peek_session_psk(session, out);
}

int ratls_peek_alert(const mbedtls_ssl_context* ssl) {
  return ssl->in_msglen >= 2 ? ssl->in_msg[1] : -1;
}

/* in_left is 0 behind each whole record; one that was decrypted lies at in_offt until it was read.
 * A handshake message (a ticket) that lacks its later records is kept as a fragment. */
size_t ratls_peek_pending(const mbedtls_ssl_context* ssl) {
  return ssl->in_left + (ssl->in_offt != NULL ? ssl->in_msglen : 0) +
         ssl->badmac_seen_or_in_hsfraglen;
}

/* RFC 8446, 5.3: both counters begin at 0 with each key. */
static uint64_t counter_of(const unsigned char* bytes) {
  uint64_t out = 0;
  for (size_t i = 0; i < MBEDTLS_SSL_SEQUENCE_NUMBER_LEN; ++i) out = (out << 8) | bytes[i];
  return out;
}

uint64_t ratls_peek_records_in(const mbedtls_ssl_context* ssl) {
  return ssl->in_ctr == NULL ? 0 : counter_of(ssl->in_ctr);
}

uint64_t ratls_peek_records_out(const mbedtls_ssl_context* ssl) {
  return counter_of(ssl->cur_out_ctr);
}
