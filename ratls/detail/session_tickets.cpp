// Resumption: docs/decisions/0012-resumption-that-judges-again.md.
#include <ratls/core/guarded.h>
#include <ratls/detail/session_impl.h>

namespace ratls {

using detail::AcceptedBefore;
using detail::CarriedTicket;
using detail::HandshakeDone;
using detail::TicketHooks;
using detail::VerdictFrame;

namespace {

using Pinned = std::shared_ptr<const CertificateIdentity>;

Error unusable(const char* what) {
  return Error(Reason::invalid_config, std::string("tickets are for ") + what);
}

}  // namespace

Result<void> Session::Impl::setup_tickets(const ClientConfig& config, detail::TlsOptions& options) {
  if (config.tickets == nullptr) return {};
  const auto* guest = std::get_if<AttestedIdentity>(&config.identity);
  if (guest == nullptr) return unusable("attested clients");
  const auto* key = std::get_if<AcceptKey>(&config.accept);
  if (key == nullptr) return unusable("clients that pin their server's key");
  if (config.framing != Framing::plain) return unusable("plain endpoints");
  wallet_ = config.tickets;
  ticket_for_ = {key->spki_sha256, config.alpn, *guest};
  options.keep_tickets = true;
  return {};
}

Result<void> Session::Impl::setup_tickets(const ServerConfig& config, detail::TlsOptions& options) {
  if (config.tickets == nullptr) return {};
  const auto* evidence = std::get_if<AcceptEvidence>(&config.accept);
  if (evidence == nullptr || evidence->dangerously_accept_key_bound) {
    return unusable("servers that accept evidence of the session, and no other");
  }
  if (!std::holds_alternative<Pinned>(config.identity))
    return unusable("servers with a certificate");
  if (config.framing != Framing::plain) return unusable("plain endpoints");
  issuer_ = config.tickets;
  options.tickets = TicketHooks{
      [this](ByteView ticket, auto session) { return look_into_ticket(ticket, session); },
      [this](ByteView session) { return seal_ticket(session); }};
  return {};
}

// A ticket is shown once, whatever comes of it. One that cannot be is as good as none.
Result<void> Session::Impl::offer_ticket() {
  if (wallet_ == nullptr) return {};
  carried_ = detail::purse_of(*wallet_).take(*ticket_for_);
  if (!carried_) return {};
  auto offered = engine->offer_ticket(carried_->session);
  if (!offered) carried_.reset();
  if (!offered && offered.error().reason() == Reason::out_of_memory) return offered;
  return {};
}

Sha256Digest Session::Impl::ticket_use() const {
  return detail::ticket_use(certificate_->key().spki(), engine->alpn());
}

// Called from inside the handshake, before the client has proved anything: changes nothing but what
// this session itself has looked at. What would be refused is not taken, so that its client makes
// fresh evidence instead.
Result<std::size_t> Session::Impl::look_into_ticket(ByteView ticket,
                                                    std::span<std::uint8_t> session) {
  shown_ticket_.reset();
  detail::TicketDesk& desk = detail::desk_of(*issuer_);
  RATLS_TRY(auto opened, desk.open(ticket, ticket_use(), session));
  const auto trial =
      admission->verifier()->verify_again(*opened.entry->accepted().evidence, desk.lifetime());
  if (!trial.accepted) return Error(trial.verdict.reason.value_or(Reason::internal));
  shown_ticket_ = std::move(opened.entry);
  return opened.session_size;
}

// The client has proved that it holds the PSK, by its Finished: now its ticket is used up, and what
// counts is how the evidence behind it is judged at this moment.
Result<void> Session::Impl::judge_ticket() {
  if (issuer_ == nullptr || shown_ticket_ == nullptr || shown_leaf_) {
    return Error(Reason::internal, "resumed without a ticket");
  }
  detail::TicketDesk& desk = detail::desk_of(*issuer_);
  RATLS_CHECK(desk.take(*shown_ticket_));
  return admission->judge_again(*shown_ticket_->accepted().evidence, desk.lifetime());
}

Result<void> Session::Impl::finish_resumed(HandshakeDone done) {
  auto judged = guarded([this] { return judge_ticket(); });
  if (admission->verdict() != nullptr) say(Event::Kind::judged, admission->verdict());
  if (judged) judged = admission->confirm(*engine);
  if (!judged) {
    tell_refusal(judged.error(), detail::kAlertAccessDenied, true);
    return {};
  }
  grant_ticket();
  RATLS_CHECK(engine->write(VerdictFrame{}.encode()));
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  state = State::open;
  return {};
}

// Behind every check and just before the VERDICT: with it one ticket goes out, to a client that can
// use it. Evidence that was resumed already gets no younger by that.
void Session::Impl::grant_ticket() {
  if (issuer_ == nullptr || admission->attested() == nullptr) return;
  if (engine->resumed()) {
    granted_ = shown_ticket_->accepted();
  } else {
    const Verifier* verifier = admission->verifier();
    granted_ = {verifier->keep(*admission->attested(), admission->judged_spki()), Clock::now()};
  }
  if (granted_.evidence == nullptr) return;
  if (detail::desk_of(*issuer_).left(granted_).count() > 0) engine->allow_ticket();
}

Result<TicketHooks::Sealed> Session::Impl::seal_ticket(ByteView session) {
  if (granted_.evidence == nullptr) return Error(Reason::internal, "a ticket for nobody");
  detail::TicketDesk& desk = detail::desk_of(*issuer_);
  RATLS_TRY(Bytes ticket, desk.seal(session, granted_, ticket_use()));
  return TicketHooks::Sealed{std::move(ticket), desk.left(granted_)};
}

// The server's certificate was shown in another session: what was carried from there is compared
// with the pin of now, and the server's VERDICT is due as ever.
Result<void> Session::Impl::finish_resumed_client(HandshakeDone done) {
  if (!carried_) return Error(Reason::internal, "resumed without a ticket");
  full_handshake_ = carried_->since;
  const auto age = std::chrono::floor<std::chrono::seconds>(Clock::now() - full_handshake_);
  RATLS_CHECK(admission->judge_carried(carried_->server_spki, age));
  carried_.reset();
  verdict_due = true;
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  say(Event::Kind::peer_authenticated);
  state = State::open;
  return {};
}

// Only once this side was accepted: the ticket of a server that refuses, or says nothing, is
// dropped with its session.
void Session::Impl::keep_ticket() {
  if (wallet_ == nullptr || !peer) return;
  auto session = engine->take_ticket();
  if (!session) return;
  const ByteView spki = peer->spki();
  CarriedTicket ticket{std::move(*session), {spki.begin(), spki.end()}, full_handshake_};
  detail::purse_of(*wallet_).put(*ticket_for_, std::move(ticket));
}

}  // namespace ratls
