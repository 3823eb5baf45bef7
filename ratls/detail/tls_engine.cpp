#include <ratls/detail/tls_engine.h>

#include <algorithm>
#include <array>
#include <utility>

#include <ratls/core/crypto.h>
#include <ratls/core/secret.h>
#include <ratls/detail/peek.h>
#include <ratls/detail/tls_engine_impl.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kMaxWaitingInput = 65536;
// Of the peer's, until its handshake is over: a side has at most seven messages, each of at most
// 16 KiB and most of a few bytes. Records that mean nothing (ChangeCipherSpec, a warning) have no
// end otherwise.
constexpr std::uint64_t kMaxHandshakeInput = 131072;
// docs/protocol.md, section 5.
constexpr std::string_view kClientLabel = "EXPERIMENTAL-ratls-v1-client";
constexpr std::string_view kServerLabel = "ratls s binder";
constexpr std::string_view kPostLabel = "EXPERIMENTAL-ratls-v1-post";

Result<crypto::TlsHash> hash_of(const mbedtls_ssl_context& ssl) {
  const std::size_t size = ratls_peek_hash_size(&ssl);
  if (size == 0) return Error(Reason::internal, "no cipher suite yet");
  return size == 48 ? crypto::TlsHash::sha384 : crypto::TlsHash::sha256;
}

// TLS-Exporter of a handshake that is over (RFC 8446, 7.5).
Result<void> export_to(mbedtls_ssl_context& ssl, std::string_view label, ByteView context,
                       std::span<std::uint8_t> out) {
  if (mbedtls_ssl_export_keying_material(&ssl, out.data(), out.size(), label.data(), label.size(),
                                         context.data(), context.size(), 1) != 0) {
    return Error(Reason::tls_failed, "no keying material was exported");
  }
  return {};
}

Result<Binder> exported(mbedtls_ssl_context& ssl, std::string_view label, ByteView context) {
  Binder out;
  RATLS_CHECK(export_to(ssl, label, context, out.mutable_view()));
  return out;
}

}  // namespace

TlsEngine::TlsEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsEngine::~TlsEngine() = default;

Result<std::unique_ptr<TlsEngine>> TlsEngine::create(TlsOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  RATLS_CHECK(impl->configure());
  return std::unique_ptr<TlsEngine>(new TlsEngine(std::move(impl)));
}

std::size_t TlsEngine::feed(ByteView bytes) {
  const std::size_t room = kMaxWaitingInput - std::min(kMaxWaitingInput, impl_->unread().size());
  const ByteView taken = bytes.first(std::min(room, bytes.size()));
  append(impl_->input, taken);
  return taken.size();
}

void TlsEngine::feed_end() noexcept {
  impl_->input_ended = true;
}
ByteView TlsEngine::output() const noexcept {
  return impl_->output;
}

void TlsEngine::consumed(std::size_t count) {
  const auto size = static_cast<std::ptrdiff_t>(std::min(count, impl_->output.size()));
  impl_->output.erase(impl_->output.begin(), impl_->output.begin() + size);
}

Result<TlsEngine::Progress> TlsEngine::handshake() {
  while (mbedtls_ssl_is_handshake_over(&impl_->ssl) == 0) {
    impl_->note_request();
    if (impl_->must_pause()) return Progress::paused;
    const std::size_t output_before = impl_->output.size();
    const int failed = mbedtls_ssl_handshake_step(&impl_->ssl);
    if (failed == MBEDTLS_ERR_SSL_WANT_READ) {
      if (impl_->input_taken <= kMaxHandshakeInput) return Progress::needs_input;
      RATLS_CHECK(send_alert(kAlertUnexpectedMessage));
      return Error(Reason::tls_failed, "a handshake of more than 128 KiB");
    }
    if (failed != 0) return impl_->failed_handshake(failed, impl_->output.size() != output_before);
  }
  return Progress::over;
}

Result<HandshakeDone> TlsEngine::finish() {
  if (mbedtls_ssl_is_handshake_over(&impl_->ssl) == 0) {
    return Error(Reason::internal, "the handshake is not over");
  }
  if (mbedtls_ssl_get_version_number(&impl_->ssl) != MBEDTLS_SSL_VERSION_TLS1_3) {
    return Error(Reason::tls_failed, "another version than TLS 1.3 was negotiated");
  }
  RATLS_CHECK(impl_->check_psk());
  return HandshakeDone();
}

bool TlsEngine::certificate_requested() const noexcept {
  return ratls_peek_certificate_requested(&impl_->ssl) != 0;
}

Result<void> TlsEngine::set_own_certificate(const SigningKey& key, ByteView certificate) {
  return impl_->set_own_certificate(key, certificate);
}

Result<void> TlsEngine::offer_ticket(const SecretBytes& session) {
  return session.expose([this](ByteView bytes) { return impl_->offer_ticket(bytes); });
}

bool TlsEngine::resumed() const noexcept {
  return impl_->resumed;
}

void TlsEngine::allow_ticket() noexcept {
  mbedtls_ssl_conf_new_session_tickets(&impl_->config, 1);
}

std::optional<SecretBytes> TlsEngine::take_ticket() noexcept {
  return std::exchange(impl_->kept_ticket, std::nullopt);
}

void TlsEngine::skip_certificate() noexcept {
  impl_->options.pause_for_certificate = false;
}

bool TlsEngine::showed_certificate() const noexcept {
  const bool wanted = impl_->options.side == Side::server || impl_->certificate_wanted;
  return wanted && impl_->has_own_certificate;
}

Result<Binder> TlsEngine::client_binder(const SpkiHash& spki) {
  if (mbedtls_ssl_is_handshake_over(&impl_->ssl) != 0) {
    return exported(impl_->ssl, kClientLabel, spki.view());
  }
  Binder out;
  RATLS_TRY(const crypto::TlsHash hash, hash_of(impl_->ssl));
  Secret<48> secret;
  const std::size_t size = secret.fill([&](std::span<std::uint8_t, 48> memory) {
    return ratls_peek_exporter_secret(&impl_->ssl, memory.data());
  });
  if (size == 0) return Error(Reason::internal, "no exporter secret yet");
  RATLS_CHECK(secret.expose([&](ByteView bytes) {
    return crypto::tls_exporter(hash, bytes.first(size), kClientLabel, spki.view(),
                                out.mutable_view());
  }));
  return out;
}

Result<Binder> TlsEngine::server_binder(const SpkiHash& spki) {
  RATLS_TRY(const crypto::TlsHash hash, hash_of(impl_->ssl));
  if (impl_->client_secret_size == 0) return Error(Reason::internal, "no handshake secret yet");
  Binder out;
  RATLS_CHECK(impl_->client_secret.expose([&](ByteView bytes) {
    return crypto::hkdf_expand_label(hash, bytes.first(impl_->client_secret_size), kServerLabel,
                                     spki.view(), out.mutable_view());
  }));
  return out;
}

Result<Binder> TlsEngine::post_binder(ByteView context, Role role, const SpkiHash& spki) {
  Bytes all(context.begin(), context.end());
  all.push_back(static_cast<std::uint8_t>(role));
  append(all, spki.view());
  return exported(impl_->ssl, kPostLabel, all);
}

Result<void> TlsEngine::exporter(std::string_view label, ByteView context,
                                 std::span<std::uint8_t> out) {
  return export_to(impl_->ssl, label, context, out);
}

Bytes TlsEngine::peer_spki() const {
  const mbedtls_x509_crt* peer = mbedtls_ssl_get_peer_cert(&impl_->ssl);
  if (peer == nullptr) return {};
  return {peer->pk_raw.p, peer->pk_raw.p + peer->pk_raw.len};
}

int TlsEngine::judge_calls() const noexcept {
  return impl_->judge_calls;
}

std::optional<std::uint8_t> TlsEngine::peer_alert() const noexcept {
  return impl_->peer_alert;
}

std::string TlsEngine::alpn() const {
  const char* chosen = mbedtls_ssl_get_alpn_protocol(&impl_->ssl);
  return chosen == nullptr ? std::string() : std::string(chosen);
}

std::string TlsEngine::cipher_suite() const {
  const char* chosen = mbedtls_ssl_get_ciphersuite(&impl_->ssl);
  return chosen == nullptr ? std::string() : std::string(chosen);
}

Result<TlsEngine::Read> TlsEngine::read(std::span<std::uint8_t> out) {
  bool looked_again = false;
  while (true) {
    const std::size_t output_before = impl_->output.size();
    const int got = mbedtls_ssl_read(&impl_->ssl, out.data(), out.size());
    if (got > 0) {
      if (ratls_peek_records_in(&impl_->ssl) <= impl_->options.record_limit) {
        return Read{static_cast<std::size_t>(got), false};
      }
      ratls::wipe(out.first(static_cast<std::size_t>(got)));
      return used_up("the peer's");
    }
    switch (got) {
      case MBEDTLS_ERR_SSL_WANT_READ:
        // Also said once of a ticket that has arrived: what stands behind it may be there too.
        if (looked_again ||
            ratls_peek_state(&impl_->ssl) != MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET) {
          return Read{0, false};
        }
        looked_again = true;
        continue;
      case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
        impl_->keep_ticket();  // dropped unless this side keeps tickets
        looked_again = false;
        continue;
      case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return Read{0, true};
      case 0:
      case MBEDTLS_ERR_SSL_CONN_EOF:
        return Error(Reason::truncated_stream);
      default:
        return impl_->failed_read(got, impl_->output.size() != output_before);
    }
  }
}

Result<void> TlsEngine::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (ratls_peek_records_out(&impl_->ssl) >= impl_->options.record_limit) {
      return used_up("this side's");
    }
    const int sent = mbedtls_ssl_write(&impl_->ssl, bytes.data(), bytes.size());
    if (sent <= 0) return impl_->tls_error(sent);
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

bool TlsEngine::quiet() const noexcept {
  return impl_->unread().empty() && !impl_->input_ended && impl_->output.empty() &&
         ratls_peek_pending(&impl_->ssl) == 0;
}

std::uint64_t TlsEngine::records_left() const noexcept {
  const std::uint64_t used =
      std::max(ratls_peek_records_in(&impl_->ssl), ratls_peek_records_out(&impl_->ssl));
  return impl_->options.record_limit - std::min(used, impl_->options.record_limit);
}

// mbedTLS 3.6 has no KeyUpdate, and close_notify would call a message whole that is cut off here.
Error TlsEngine::used_up(const char* direction) {
  Error out(
      Reason::record_limit_reached,
      std::string(direction) + " " + std::to_string(impl_->options.record_limit) + " records");
  const auto told = send_alert(kAlertInternalError);
  return told ? out : told.error();
}

Result<void> TlsEngine::send_alert(std::uint8_t description) {
  const int failed =
      mbedtls_ssl_send_alert_message(&impl_->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, description);
  return failed == 0 ? Result<void>{} : impl_->tls_error(failed);
}

Result<void> TlsEngine::close_notify() {
  const int failed = mbedtls_ssl_close_notify(&impl_->ssl);
  return failed == 0 ? Result<void>{} : impl_->tls_error(failed);
}

void TlsEngine::wipe() noexcept {
  impl_->release();
  ratls::wipe(impl_->input);
  impl_->input.clear();
  impl_->input_read = 0;
}

}  // namespace ratls::detail
