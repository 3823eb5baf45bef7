#include <ratls/detail/tls_engine_impl.h>

#include <algorithm>

#include <psa/crypto.h>

#include <ratls/core/crypto.h>
#include <ratls/core/guarded.h>
#include <ratls/detail/peek.h>

namespace ratls::detail {

namespace {

// docs/protocol.md, section 2. X25519 first.
constexpr std::array<std::uint16_t, 4> kGroups{
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
constexpr std::array<int, 4> kSuites{MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                                     MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
                                     MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, 0};
constexpr std::array<std::uint16_t, 3> kEcdsaOnly{MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                                  MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                                  MBEDTLS_TLS1_3_SIG_NONE};
// With WebPKI chains. PKCS#1 v1.5 is for certificates only; TLS 1.3 itself forbids it elsewhere.
constexpr std::array<std::uint16_t, 9> kWebPki{MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                               MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                               MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
                                               MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
                                               MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
                                               MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                               MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
                                               MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
                                               MBEDTLS_TLS1_3_SIG_NONE};

int random_for_mbedtls(void*, unsigned char* out, std::size_t size) {
  crypto::random({out, size});
  return 0;
}

int send_to_output(void* context, const unsigned char* bytes, std::size_t size) {
  auto* impl = static_cast<TlsEngine::Impl*>(context);
  const auto taken = guarded([&]() -> Result<void> {
    append(impl->output, {bytes, size});
    return {};
  });
  return taken ? static_cast<int>(size) : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

int receive_from_input(void* context, unsigned char* out, std::size_t size) {
  auto* impl = static_cast<TlsEngine::Impl*>(context);
  const ByteView unread = impl->unread();
  if (unread.empty()) return impl->input_ended ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
  const std::size_t count = std::min(size, unread.size());
  copy_bytes(unread.first(count), {out, count});
  impl->took(count);
  return static_cast<int>(count);
}

void keep_client_secret(void* context, mbedtls_ssl_key_export_type type,
                        const unsigned char* secret, std::size_t size, const unsigned char*,
                        const unsigned char*, mbedtls_tls_prf_types) {
  auto* impl = static_cast<TlsEngine::Impl*>(context);
  if (type != MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET || size > 48) return;
  impl->client_secret.fill([&](std::span<std::uint8_t, 48> memory) {
    copy_bytes({secret, size}, memory.first(size));
  });
  impl->client_secret_size = size;
}

// mbedTLS's verdict over a chain, told as the first fault that a user would look at.
Error webpki_error(std::uint32_t faults) {
  const std::uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
  if ((faults & ~(dates | MBEDTLS_X509_BADCERT_CN_MISMATCH)) != 0) {
    const bool unknown = (faults & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0;
    return Error(Reason::server_untrusted, unknown ? "no trusted CA signed its certificate"
                                                   : "its chain uses a key or hash that is too "
                                                     "weak, or a certificate beyond its purpose");
  }
  if ((faults & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) return Error(Reason::server_name_mismatch);
  return Error(Reason::server_expired, (faults & MBEDTLS_X509_BADCERT_EXPIRED) != 0
                                           ? "it has ended at this machine's clock"
                                           : "it has not begun yet at this machine's clock");
}

// Called by mbedTLS for each certificate of a chain, the leaf (depth 0) last.
int judge_certificate(void* context, mbedtls_x509_crt* certificate, int depth,
                      std::uint32_t* flags) {
  auto* impl = static_cast<TlsEngine::Impl*>(context);
  const bool by_webpki = !impl->options.ca_pem.empty();
  if (by_webpki) {
    impl->judge_calls += depth == 0 ? 1 : 0;
    impl->webpki_faults |= *flags;
    return 0;  // mbedTLS's own verdict stands in *flags
  }
  ++impl->judge_calls;
  if (depth != 0) return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
  auto accepted = guarded([&] {
    const PeerLeaf leaf{{certificate->raw.p, certificate->raw.p + certificate->raw.len},
                        certificate->next == nullptr};
    return impl->options.judge(leaf);
  });
  if (!accepted) {
    impl->judged = std::move(accepted).error();
    return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
  }
  *flags = 0;  // no CA is involved: this side's own judge is the authority
  return 0;
}

}  // namespace

TlsEngine::Impl::Impl(TlsOptions given) : options(std::move(given)) {
  mbedtls_ssl_init(&ssl);
  mbedtls_ssl_config_init(&config);
  mbedtls_x509_crt_init(&own_certificate);
  mbedtls_x509_crt_init(&ca_chain);
  mbedtls_pk_init(&own_key);
}

TlsEngine::Impl::~Impl() {
  release();
}

void TlsEngine::Impl::release() noexcept {
  if (released) return;
  released = true;
  mbedtls_ssl_free(&ssl);
  mbedtls_ssl_config_free(&config);
  mbedtls_x509_crt_free(&own_certificate);
  mbedtls_x509_crt_free(&ca_chain);
  mbedtls_pk_free(&own_key);
  client_secret = Secret<48>();
  client_secret_size = 0;
  ticket_psk = Secret<48>();
  ticket_psk_size = 0;
  kept_ticket.reset();
  // A freed context is as good as a new one for every later call, which then fails cleanly.
  mbedtls_ssl_init(&ssl);
  mbedtls_ssl_config_init(&config);
}

Result<void> TlsEngine::Impl::configure() {
  // mbedTLS fills its table of suites at the first call, with no lock; this is one.
  static const int* const suites = mbedtls_ssl_list_ciphersuites();
  static_cast<void>(suites);
  if (psa_crypto_init() != PSA_SUCCESS) return Error(Reason::internal, "PSA did not initialise");
  const int endpoint = options.side == Side::client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER;
  if (mbedtls_ssl_config_defaults(&config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
    return Error(Reason::out_of_memory);
  }
  configure_policy();
  configure_tickets();
  RATLS_CHECK(configure_peer());
  RATLS_CHECK(configure_alpn());
  if (mbedtls_ssl_setup(&ssl, &config) != 0) {
    return Error(Reason::out_of_memory);
  }
  // setup() took over how many tickets there may ever be; from now on this is how many there are.
  mbedtls_ssl_conf_new_session_tickets(&config, 0);
  const char* name = options.server_name.empty() ? nullptr : options.server_name.c_str();
  if (options.side == Side::client && mbedtls_ssl_set_hostname(&ssl, name) != 0) {
    return Error(Reason::invalid_config, "the server's name is too long");
  }
  mbedtls_ssl_set_bio(&ssl, this, send_to_output, receive_from_input, nullptr);
  mbedtls_ssl_set_export_keys_cb(&ssl, keep_client_secret, this);
  return {};
}

// docs/protocol.md, section 2: nothing of this is negotiable by a configuration.
void TlsEngine::Impl::configure_policy() {
  mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_3);
  mbedtls_ssl_conf_max_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_3);
  mbedtls_ssl_conf_groups(&config, kGroups.data());
  mbedtls_ssl_conf_ciphersuites(&config, kSuites.data());
  mbedtls_ssl_conf_sig_algs(&config, options.ca_pem.empty() ? kEcdsaOnly.data() : kWebPki.data());
  mbedtls_ssl_conf_rng(&config, random_for_mbedtls, nullptr);
}

Result<void> TlsEngine::Impl::configure_peer() {
  if (!options.ca_pem.empty()) {
    Bytes text = options.ca_pem;
    text.push_back(0);  // mbedTLS reads PEM only with its terminating NUL
    if (mbedtls_x509_crt_parse(&ca_chain, text.data(), text.size()) != 0) {
      return Error(Reason::invalid_config, "the CA file does not hold only PEM certificates");
    }
  }
  // A server asks, and judges what it got only when the handshake is over; a client demands.
  int mode = MBEDTLS_SSL_VERIFY_REQUIRED;
  if (options.side == Side::server) {
    mode = options.ask_for_certificate ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_NONE;
  }
  mbedtls_ssl_conf_authmode(&config, mode);
  mbedtls_ssl_conf_ca_chain(&config, &ca_chain, nullptr);
  mbedtls_ssl_conf_verify(&config, judge_certificate, this);
  return {};
}

Result<void> TlsEngine::Impl::configure_alpn() {
  if (options.alpn.empty()) return {};
  for (const std::string& protocol : options.alpn) alpn_list.push_back(protocol.c_str());
  alpn_list.push_back(nullptr);
  if (mbedtls_ssl_conf_alpn_protocols(&config, alpn_list.data()) != 0) {
    return Error(Reason::invalid_config, "an ALPN name is empty or too long");
  }
  return {};
}

Result<void> TlsEngine::Impl::set_own_certificate(const SigningKey& key, ByteView certificate) {
  if (has_own_certificate) return Error(Reason::internal, "a second certificate");
  if (mbedtls_x509_crt_parse_der(&own_certificate, certificate.data(), certificate.size()) != 0 ||
      mbedtls_pk_setup_opaque(&own_key, key.psa_key_id()) != 0) {
    return Error(Reason::internal, "this side's certificate cannot be used");
  }
  const int failed = options.side == Side::server && options.pause_for_certificate
                         ? mbedtls_ssl_set_hs_own_cert(&ssl, &own_certificate, &own_key)
                         : mbedtls_ssl_conf_own_cert(&config, &own_certificate, &own_key);
  if (failed != 0) return Error(Reason::out_of_memory);
  has_own_certificate = true;
  return {};
}

void TlsEngine::Impl::note_request() noexcept {
  if (options.side == Side::client && ratls_peek_state(&ssl) == MBEDTLS_SSL_CLIENT_CERTIFICATE) {
    certificate_wanted = ratls_peek_certificate_requested(&ssl) != 0;
  }
}

bool TlsEngine::Impl::must_pause() const noexcept {
  const int due = options.side == Side::client ? MBEDTLS_SSL_CLIENT_CERTIFICATE
                                               : MBEDTLS_SSL_SERVER_CERTIFICATE;
  if (!options.pause_for_certificate || has_own_certificate) return false;
  return ratls_peek_state(&ssl) == due && !used_psk();
}

Error TlsEngine::Impl::failed_handshake(int code, bool alert_is_out) {
  const bool peer_ended =
      code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || code == MBEDTLS_ERR_SSL_CONN_EOF;
  if (!alert_is_out && !peer_ended) {
    // mbedTLS closes silently on many errors; a peer deserves an alert. Best effort.
    mbedtls_ssl_send_alert_message(&ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, kAlertHandshakeFailure);
  }
  if (judged) return *judged;
  if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED && webpki_faults != 0) {
    return webpki_error(webpki_faults);
  }
  if (code == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION) {
    return Error(Reason::no_tls13, "it chose an older version");
  }
  return tls_error(code);
}

Error TlsEngine::Impl::failed_read(int code, bool alert_is_out) {
  if (!alert_is_out && code != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    // KeyUpdate and junk records are met with silence otherwise (Mbed-TLS/mbedtls#10781).
    const bool mac = code == MBEDTLS_ERR_SSL_INVALID_MAC;
    mbedtls_ssl_send_alert_message(&ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   mac ? kAlertBadRecordMac : kAlertUnexpectedMessage);
  }
  if (code == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE) {
    return Error(Reason::tls_failed,
                 "a message that is not taken after the handshake; KeyUpdate is one of them");
  }
  return tls_error(code);
}

Error TlsEngine::Impl::tls_error(int code) {
  if (code == MBEDTLS_ERR_SSL_ALLOC_FAILED || ran_out_of_memory(code))
    return Error(Reason::out_of_memory);
  if (code == MBEDTLS_ERR_SSL_CONN_EOF) return Error(Reason::connection_closed);
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    const int alert = ratls_peek_alert(&ssl);
    peer_alert = static_cast<std::uint8_t>(alert);
    if (alert == kAlertProtocolVersion) return Error(Reason::no_tls13, "it sent TLS alert 70");
    const bool over = mbedtls_ssl_is_handshake_over(&ssl) != 0;
    Reason reason = Reason::tls_failed;
    if (alert == kAlertAccessDenied || alert == kAlertCertificateRequired) {
      reason = Reason::peer_refused;
    } else if (over && alert == kAlertNoApplicationProtocol) {
      reason = Reason::framing_mismatch;  // inside a handshake it is about ALPN
    }
    return Error(reason, "the peer sent TLS alert " + std::to_string(alert));
  }
  if (code == MBEDTLS_ERR_SSL_INVALID_MAC) {
    // Before its own flight mbedTLS sends alerts in the clear, which the other end cannot read.
    return Error(Reason::tls_failed,
                 "a record that cannot be decrypted; the peer may have refused this side's key");
  }
  const auto bits = static_cast<std::uint32_t>(-code);
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(bits >> 8U),
                                          static_cast<std::uint8_t>(bits)};
  return Error(Reason::tls_failed, "mbedTLS error -0x" + to_hex(bytes));
}

}  // namespace ratls::detail
