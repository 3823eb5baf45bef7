#include "raw_tls.h"

#include <array>
#include <cstdlib>

#include <psa/crypto.h>

#include <ratls/core/crypto.h>

namespace ratls::test {

namespace {

constexpr std::string_view kPsk = "0123456789abcdef0123456789abcdef";

int random_bytes(void*, unsigned char* out, std::size_t size) {
  crypto::random({out, size});
  return 0;
}

void must(int failed) {
  if (failed != 0) std::abort();
}

int accept_any(void* count, mbedtls_x509_crt*, int, std::uint32_t* flags) {
  ++*static_cast<int*>(count);
  *flags = 0;
  return 0;
}

int count_and_parse(void* context, mbedtls_ssl_session* session, unsigned char* ticket,
                    std::size_t size) {
  auto* desk = static_cast<TicketDesk*>(context);
  ++desk->offered;
  return mbedtls_ssl_ticket_parse(&desk->context, session, ticket, size);
}

int write_ticket(void* context, const mbedtls_ssl_session* session, unsigned char* start,
                 const unsigned char* end, std::size_t* size, std::uint32_t* lifetime) {
  auto* desk = static_cast<TicketDesk*>(context);
  return mbedtls_ssl_ticket_write(&desk->context, session, start, end, size, lifetime);
}

}  // namespace

TicketDesk::TicketDesk() {
  must(psa_crypto_init());
  mbedtls_ssl_ticket_init(&context);
  must(mbedtls_ssl_ticket_setup(&context, random_bytes, nullptr, MBEDTLS_CIPHER_AES_256_GCM, 600));
}
TicketDesk::~TicketDesk() {
  mbedtls_ssl_ticket_free(&context);
}

int raw_send(void* context, const unsigned char* bytes, std::size_t size) {
  append(static_cast<RawTls*>(context)->out_, {bytes, size});
  return static_cast<int>(size);
}

int raw_receive(void* context, unsigned char* out, std::size_t size) {
  Bytes& in = static_cast<RawTls*>(context)->in_;
  if (in.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
  const std::size_t count = std::min(size, in.size());
  copy_bytes(ByteView(in).first(count), {out, count});
  in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(count));
  return static_cast<int>(count);
}

RawTls::RawTls(const RawTlsOptions& options) {
  must(psa_crypto_init());
  mbedtls_ssl_init(&ssl_);
  mbedtls_ssl_config_init(&config_);
  mbedtls_x509_crt_init(&certificate_);
  mbedtls_x509_crt_init(&none_);
  mbedtls_pk_init(&key_);
  const int side = options.server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
  must(mbedtls_ssl_config_defaults(&config_, side, MBEDTLS_SSL_TRANSPORT_STREAM,
                                   MBEDTLS_SSL_PRESET_DEFAULT));
  mbedtls_ssl_conf_rng(&config_, random_bytes, nullptr);
  mbedtls_ssl_conf_tls13_key_exchange_modes(&config_, static_cast<int>(options.modes));
  mbedtls_ssl_conf_ca_chain(&config_, &none_, nullptr);
  mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_OPTIONAL);
  mbedtls_ssl_conf_verify(&config_, accept_any, &judged_);
  if (options.groups != nullptr) mbedtls_ssl_conf_groups(&config_, options.groups);
  if (options.desk != nullptr) {
    mbedtls_ssl_conf_session_tickets_cb(&config_, write_ticket, count_and_parse, options.desk);
    mbedtls_ssl_conf_new_session_tickets(&config_, 2);
  }
  if (!options.server) {
    mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &config_, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
  }
  if (options.psk) {
    const ByteView psk = as_bytes(kPsk);
    must(mbedtls_ssl_conf_psk(&config_, psk.data(), psk.size(), psk.data(), 8));
  }
  if (options.identity != nullptr) {
    const ByteView der = options.identity->certificate();
    must(mbedtls_x509_crt_parse_der(&certificate_, der.data(), der.size()));
    must(mbedtls_pk_setup_opaque(&key_, options.identity->key().psa_key_id()));
    must(mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_));
  }
  must(mbedtls_ssl_setup(&ssl_, &config_));
  if (!options.server) must(mbedtls_ssl_set_hostname(&ssl_, nullptr));
  if (options.resume != nullptr) must(mbedtls_ssl_set_session(&ssl_, options.resume));
  mbedtls_ssl_set_bio(&ssl_, this, raw_send, raw_receive, nullptr);
}

RawTls::~RawTls() {
  if (session_) mbedtls_ssl_session_free(&*session_);
  mbedtls_ssl_free(&ssl_);
  mbedtls_ssl_config_free(&config_);
  mbedtls_x509_crt_free(&certificate_);
  mbedtls_x509_crt_free(&none_);
  mbedtls_pk_free(&key_);
}

void RawTls::step() {
  if (failed_ != 0) return;
  if (!over()) {
    const int failed = mbedtls_ssl_handshake(&ssl_);
    if (failed != 0 && failed != MBEDTLS_ERR_SSL_WANT_READ) failed_ = failed;
  }
  if (over()) read();
}

void RawTls::read() {
  std::array<unsigned char, 4096> buffer{};
  // WANT_READ also comes once before a ticket that has arrived is taken.
  for (int waits = 0; failed_ == 0 && waits < 2;) {
    const int got = mbedtls_ssl_read(&ssl_, buffer.data(), buffer.size());
    waits = got == MBEDTLS_ERR_SSL_WANT_READ ? waits + 1 : 0;
    if (got == MBEDTLS_ERR_SSL_WANT_READ) continue;
    if (got == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
      ++tickets_;
      if (session_) mbedtls_ssl_session_free(&*session_);
      session_.emplace();
      mbedtls_ssl_session_init(&*session_);
      must(mbedtls_ssl_get_session(&ssl_, &*session_));
      continue;
    }
    if (got <= 0) {
      failed_ = got == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : got;
      return;
    }
    text_ += to_string(ByteView(buffer).first(static_cast<std::size_t>(got)));
  }
}

void RawTls::run(Session& other) {
  for (bool moved = true; moved;) {
    step();
    const std::size_t sent = other.feed(out_);
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent));
    other.advance();
    if (other.making_evidence() && other.wait_evidence(std::chrono::seconds(2))) other.advance();
    const std::size_t received = other.output().size();
    append(in_, other.output());
    other.sent(received);
    moved = sent != 0 || received != 0;
  }
}

void RawTls::run(RawTls& other) {
  for (bool moved = true; moved;) {
    step();
    other.step();
    moved = !out_.empty() || !other.out_.empty();
    append(other.in_, out_);
    append(in_, other.out_);
    out_.clear();
    other.out_.clear();
  }
}

void RawTls::write(const std::string& text) {
  const ByteView bytes = as_bytes(text);
  if (mbedtls_ssl_write(&ssl_, bytes.data(), bytes.size()) < 0) std::abort();
}

Bytes RawTls::peer_certificate() const {
  const mbedtls_x509_crt* peer = mbedtls_ssl_get_peer_cert(&ssl_);
  if (peer == nullptr) return {};
  return {peer->raw.p, peer->raw.p + peer->raw.len};
}

Binder RawTls::exported(const std::string& label, ByteView context) {
  Binder out;
  must(mbedtls_ssl_export_keying_material(&ssl_, out.mutable_view().data(), Binder::kSize,
                                          label.data(), label.size(), context.data(),
                                          context.size(), 1));
  return out;
}

mbedtls_ssl_session RawTls::take_session() {
  mbedtls_ssl_session out = *session_;
  session_.reset();
  return out;
}

}  // namespace ratls::test
