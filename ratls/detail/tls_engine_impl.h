/// What TlsEngine keeps in mbedTLS's types.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <ratls/core/secret.h>
#include <ratls/detail/tls_engine.h>

namespace ratls::detail {

struct TlsEngine::Impl {
  explicit Impl(TlsOptions given);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  Result<void> configure();
  Result<void> set_own_certificate(const SigningKey& key, ByteView certificate);
  /// Does the next step need a certificate that is not there yet?
  [[nodiscard]] bool must_pause() const noexcept;
  /// Where a client's certificate is due: keeps whether the server wants one.
  void note_request() noexcept;
  /// The error of a failed step; puts an alert out where mbedTLS did not.
  Error failed_handshake(int code, bool alert_is_out);
  /// The same of a read after the handshake.
  Error failed_read(int code, bool alert_is_out);
  Error tls_error(int code);
  // tls_engine_tickets.cpp
  Result<void> offer_ticket(ByteView session);
  /// Whether a PSK was used is known; was it the one of the ticket?
  Result<void> check_psk();
  [[nodiscard]] bool used_psk() const noexcept;
  void keep_ticket();
  /// Frees everything that holds a key. Idempotent.
  void release() noexcept;

  TlsOptions options;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_x509_crt own_certificate;
  mbedtls_x509_crt ca_chain;  // may stay empty: mbedTLS then calls the judge for any leaf
  mbedtls_pk_context own_key;
  bool has_own_certificate = false;
  bool certificate_wanted = false;  // client: the server sent a CertificateRequest
  bool released = false;
  std::vector<const char*> alpn_list;

  /// Of the input, what mbedTLS has not taken.
  [[nodiscard]] ByteView unread() const noexcept { return ByteView(input).subspan(input_read); }
  /// mbedTLS took `count` bytes of it: a record in two pieces. They are dropped in large ones, so
  /// that the many records which fit into the input do not move the rest of it each.
  void took(std::size_t count) noexcept {
    constexpr std::size_t kWorthMoving = 16384;
    input_read += count;
    input_taken += count;
    if (input_read < kWorthMoving && input_read < input.size()) return;
    input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(input_read));
    input_read = 0;
  }

  Bytes input;
  std::size_t input_read = 0;
  std::uint64_t input_taken = 0;  // in all
  bool input_ended = false;
  Bytes output;

  Secret<48> client_secret;  // client_handshake_traffic_secret
  std::size_t client_secret_size = 0;
  int judge_calls = 0;
  std::optional<Error> judged;      // the judge's refusal
  std::uint32_t webpki_faults = 0;  // MBEDTLS_X509_BADCERT_*, of all certificates of the chain
  std::optional<std::uint8_t> peer_alert;

  Secret<48> ticket_psk;  // of the ticket that was offered, or looked into last
  std::size_t ticket_psk_size = 0;
  bool resumed = false;
  int tickets_seen = 0;  // client: given to it; server: shown to it
  std::optional<SecretBytes> kept_ticket;

 private:
  void configure_policy();
  void configure_tickets();
  Result<void> configure_peer();
  Result<void> configure_alpn();
};

}  // namespace ratls::detail
