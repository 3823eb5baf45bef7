// Tickets, as mbedTLS wants them: docs/decisions/0012-resumption-that-judges-again.md.
#include <ratls/detail/tls_engine_impl.h>

#include <ratls/core/guarded.h>
#include <ratls/detail/peek.h>

namespace ratls::detail {

namespace {

// A server's is below 100 bytes; a client's holds the ticket.
constexpr std::size_t kMaxSession = 4096;
// Of one connection: a server of ours gives one and a client of ours shows one, twice where the
// handshake begins again (HelloRetryRequest).
constexpr int kMostTickets = 4;

/// mbedTLS's session, freed with its key.
struct OwnSession {
  OwnSession() { mbedtls_ssl_session_init(&session); }
  OwnSession(const OwnSession&) = delete;
  OwnSession& operator=(const OwnSession&) = delete;
  ~OwnSession() { mbedtls_ssl_session_free(&session); }
  mbedtls_ssl_session session;
};

template <class Use>
auto serialised(const mbedtls_ssl_session& session, Use&& use) -> decltype(use(ByteView())) {
  Secret<kMaxSession> memory;
  std::size_t size = 0;
  const int failed = memory.fill([&](std::span<std::uint8_t, kMaxSession> out) {
    return mbedtls_ssl_session_save(&session, out.data(), out.size(), &size);
  });
  if (failed != 0) return Error(Reason::internal, "a session of TLS that cannot be saved");
  return memory.expose([&](ByteView bytes) { return use(bytes.first(size)); });
}

void note_psk(TlsEngine::Impl& impl, const mbedtls_ssl_session& session) {
  impl.ticket_psk_size = impl.ticket_psk.fill([&](std::span<std::uint8_t, 48> memory) {
    return ratls_peek_session_psk(&session, memory.data());
  });
}

int code_of(const Error& error) {
  return error.reason() == Reason::out_of_memory ? MBEDTLS_ERR_SSL_ALLOC_FAILED
                                                 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

// Called once the client was accepted, and allow_ticket() with it.
int write_ticket(void* context, const mbedtls_ssl_session* session, unsigned char* start,
                 const unsigned char* end, std::size_t* size, std::uint32_t* lifetime) {
  const auto* impl = static_cast<TlsEngine::Impl*>(context);
  const auto sealed = guarded([&]() -> Result<TicketHooks::Sealed> {
    return serialised(*session, [&](ByteView bytes) { return impl->options.tickets->seal(bytes); });
  });
  if (!sealed) return code_of(sealed.error());
  const auto room = static_cast<std::size_t>(end - start);
  if (sealed->ticket.size() > room) return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
  copy_bytes(sealed->ticket, {start, sealed->ticket.size()});
  *size = sealed->ticket.size();
  *lifetime = static_cast<std::uint32_t>(sealed->lifetime.count());
  return 0;
}

// Called for each identity of a ClientHello until one fits, before the binder was checked. The last
// one that it said yes to is the only one that mbedTLS can have taken.
int look_into_ticket(void* context, mbedtls_ssl_session* session, unsigned char* ticket,
                     std::size_t size) {
  auto* impl = static_cast<TlsEngine::Impl*>(context);
  impl->ticket_psk_size = 0;
  // A ClientHello has room for many, and each that opens is judged.
  if (++impl->tickets_seen > kMostTickets) return MBEDTLS_ERR_SSL_INVALID_MAC;
  Secret<kMaxSession> memory;
  const auto got = memory.fill([&](std::span<std::uint8_t, kMaxSession> out) {
    return guarded([&] { return impl->options.tickets->open({ticket, size}, out); });
  });
  // "Not authentic" is what makes mbedTLS go on with a full handshake.
  if (!got) return MBEDTLS_ERR_SSL_INVALID_MAC;
  const int failed = memory.expose(
      [&](ByteView bytes) { return mbedtls_ssl_session_load(session, bytes.data(), *got); });
  if (failed != 0) return MBEDTLS_ERR_SSL_INVALID_MAC;
  note_psk(*impl, *session);
  return 0;
}

}  // namespace

// docs/protocol.md, sections 2 and 9. An external PSK is never configured, and exchange by PSK
// alone and early data are not compiled.
void TlsEngine::Impl::configure_tickets() {
  const bool wanted =
      options.side == Side::client ? options.keep_tickets : options.tickets.has_value();
  mbedtls_ssl_conf_tls13_key_exchange_modes(
      &config, wanted ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL
                      : MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
  if (options.side == Side::client) {
    // This is about TLS 1.2 alone; the next one is about 1.3.
    mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &config, wanted ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                        : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
    return;
  }
  mbedtls_ssl_conf_new_session_tickets(&config, wanted ? 1 : 0);
  if (wanted) mbedtls_ssl_conf_session_tickets_cb(&config, write_ticket, look_into_ticket, this);
}

Result<void> TlsEngine::Impl::offer_ticket(ByteView session) {
  OwnSession own;
  int failed = mbedtls_ssl_session_load(&own.session, session.data(), session.size());
  if (failed == 0) failed = mbedtls_ssl_set_session(&ssl, &own.session);
  if (failed == MBEDTLS_ERR_SSL_ALLOC_FAILED) return Error(Reason::out_of_memory);
  if (failed != 0) return Error(Reason::ticket_unknown, "not a session that this build saved");
  note_psk(*this, own.session);
  return {};
}

bool TlsEngine::Impl::used_psk() const noexcept {
  Secret<48> unused;
  return unused.fill([this](std::span<std::uint8_t, 48> memory) {
    return ratls_peek_psk(&ssl, memory.data());
  }) != 0;
}

Result<void> TlsEngine::Impl::check_psk() {
  Secret<48> used;
  const std::size_t size = used.fill(
      [this](std::span<std::uint8_t, 48> memory) { return ratls_peek_psk(&ssl, memory.data()); });
  const bool same = size != 0 && size == ticket_psk_size && used.expose([&](ByteView a) {
    return ticket_psk.expose([&](ByteView b) { return equal_ct(a.first(size), b.first(size)); });
  });
  ticket_psk = Secret<48>();
  ticket_psk_size = 0;
  if (size != 0 && !same) return Error(Reason::tls_failed, "a PSK that is no ticket's");
  resumed = same;
  return {};
}

void TlsEngine::Impl::keep_ticket() {
  if (!options.keep_tickets || tickets_seen >= kMostTickets) return;
  ++tickets_seen;
  OwnSession own;
  if (mbedtls_ssl_get_session(&ssl, &own.session) != 0) return;
  // What cannot be kept is not needed: the next handshake is a full one.
  auto kept = serialised(own.session, [](ByteView bytes) { return SecretBytes::copy_of(bytes); });
  if (kept) kept_ticket = std::move(kept).value();
}

}  // namespace ratls::detail
