#include <ratls/detail/session_impl.h>

#include <ratls/certgen/leaf.h>
#include <ratls/core/guarded.h>

namespace ratls {

using detail::HandshakeDone;
using detail::PeerLeaf;
using detail::Side;
using detail::TlsEngine;
using detail::VerdictFrame;

namespace {

template <class... Rules>
detail::Admission::Rule rule_of(const std::variant<Rules...>& accept) {
  return std::visit([](const auto& rule) { return detail::Admission::Rule(rule); }, accept);
}

// Policy refusals say which rule; evidence that is not authentic says one thing only, so that a
// forger learns nothing from trying.
VerdictFrame refusal(const Error& error, Disclosure disclosure) {
  const bool memory = error.reason() == Reason::out_of_memory;
  const bool policy = error.kind() == Errc::not_allowed || error.kind() == Errc::outdated;
  if (error.kind() == Errc::internal || error.reason() == Reason::no_time || memory) {
    return {VerdictFrame::Code::cannot_judge, "cannot_judge_now", ""};
  }
  if (!policy) return {VerdictFrame::Code::not_authentic, "not_authentic", ""};
  if (disclosure == Disclosure::nothing) return {VerdictFrame::Code::policy, "refused", ""};
  return {VerdictFrame::Code::policy, std::string(code(error.reason())),
          std::string(sentence(error.reason()))};
}

}  // namespace

// What `after_handshake` asks for can be had in frames only.
template <class Config>
Result<void> Session::Impl::setup_frames(const Config& config) {
  const AfterHandshake& after = config.after_handshake;
  if (config.framing == Framing::plain) {
    if (after.demand == nullptr && !after.answers && !after.reattestation) return {};
    return Error(Reason::invalid_config, "evidence after the handshake needs a framed endpoint");
  }
  std::optional<AttestedIdentity> answerer = after.answers;
  if (const auto* identity = std::get_if<AttestedIdentity>(&config.identity)) answerer = *identity;
  frames.emplace(detail::Exchange::Rules{answerer.has_value(), after.reattestation});
  frames->answerer = std::move(answerer);
  frames->demand = after.demand;
  frames->verifier = after.demand;
  const auto* evidence = std::get_if<AcceptEvidence>(&config.accept);
  if (frames->verifier == nullptr && evidence != nullptr) frames->verifier = evidence->verifier;
  return {};
}

template <class Config>
Result<void> Session::Impl::setup(const Config& config, detail::TlsOptions options) {
  if (const auto* evidence = std::get_if<AcceptEvidence>(&config.accept)) {
    if (evidence->verifier == nullptr) return Error(Reason::invalid_config, "a null verifier");
  }
  observer_ = config.observer;
  disclosure_ = config.disclosure;
  timeouts_ = config.timeouts;
  RATLS_CHECK(setup_frames(config));
  admission.emplace(rule_of(config.accept), side_ == Side::client ? Side::server : Side::client);
  if (const auto* identity = std::get_if<AttestedIdentity>(&config.identity)) attested_ = *identity;
  options.side = side_;
  options.alpn = config.alpn;
  options.pause_for_certificate = attested_.has_value();
  options.judge = [this](const PeerLeaf& leaf) { return judge_inside(leaf); };
  RATLS_TRY(engine, TlsEngine::create(std::move(options)));
  using Pinned = std::shared_ptr<const CertificateIdentity>;
  if (const auto* identity = std::get_if<Pinned>(&config.identity)) {
    return adopt_identity(*identity);
  }
  return {};
}

Result<void> Session::Impl::adopt_identity(
    const std::shared_ptr<const CertificateIdentity>& identity) {
  if (identity == nullptr) return Error(Reason::invalid_config, "an identity that is null");
  certificate_ = identity;  // mbedTLS borrows its key
  return engine->set_own_certificate(identity->key(), identity->certificate());
}

Result<std::unique_ptr<Session::Impl>> Session::Impl::client(const ClientConfig& config) {
  std::unique_ptr<Impl> impl(new Impl(Side::client));
  detail::TlsOptions options;
  if (const auto* ca = std::get_if<AcceptCa>(&config.accept)) {
    if (ca->ca_pem.empty() || ca->server_name.empty()) {
      return Error(Reason::invalid_config, "a CA needs certificates and a server name");
    }
    options.ca_pem = ca->ca_pem;
    options.server_name = ca->server_name;
  }
  RATLS_CHECK(impl->setup(config, std::move(options)));
  return impl;
}

Result<std::unique_ptr<Session::Impl>> Session::Impl::server(const ServerConfig& config) {
  std::unique_ptr<Impl> impl(new Impl(Side::server));
  detail::TlsOptions options;
  options.ask_for_certificate = true;
  RATLS_CHECK(impl->setup(config, std::move(options)));
  return impl;
}

void Session::Impl::say(Event::Kind kind, const Verdict* verdict) const {
  if (!observer_) return;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start_);
  observer_(Event{kind, since, verdict});
}

void Session::Impl::fail(Error error) {
  if (state == State::failed || state == State::closed) return;
  state = State::failed;
  failure = std::move(error);
  pending.reset();
  peer.reset();
  engine->wipe();
  key_.reset();
  if (frames) frames->drop_bytes();
}

// The alert is best effort: it takes memory too. What was output before stays there.
void Session::Impl::fail_for_memory() {
  if (state == State::failed || state == State::closed) return;
  if (state != State::refusing) {
    const auto told = guarded([this] { return engine->send_alert(detail::kAlertInternalError); });
    static_cast<void>(told);
  }
  fail(Error(Reason::out_of_memory));
}

Session::State Session::Impl::advance() {
  while (state == State::handshaking || state == State::awaiting_evidence) {
    if (frames && frames->started) break;
    const State before = state;
    const std::size_t output_before = engine->output().size();
    if (auto stepped = step(); !stepped) fail(std::move(stepped).error());
    if (state == before && engine->output().size() == output_before) break;
  }
  if (frames && frames->started) advance_frames();
  return state;
}

// One leg of the handshake: up to missing bytes, this side's certificate, or the end.
Result<void> Session::Impl::step() {
  if (state == State::awaiting_evidence) {
    if (!pending->ready()) return {};
    return present_evidence();
  }
  RATLS_TRY(const TlsEngine::Progress progress, engine->handshake());
  if (progress == TlsEngine::Progress::needs_input) return {};
  if (progress == TlsEngine::Progress::paused) return begin_evidence();
  RATLS_TRY(HandshakeDone done, engine->finish());
  say(Event::Kind::handshake_done);
  return side_ == Side::client ? finish_client(std::move(done)) : finish_server(std::move(done));
}

// docs/protocol.md, section 8: whoever shows this side its own key is a mirror.
Result<void> Session::Impl::judge_leaf(const PeerLeaf& leaf) {
  RATLS_CHECK(admission->judge(leaf, *engine));
  if (key_ && equal_ct(admission->judged_spki(), key_->spki())) {
    return Error(Reason::binding_mismatch, "the peer shows this side's own key");
  }
  return {};
}

// A client judges its server here, before it makes any evidence of its own. A server only looks
// at the leaf: a refusal from inside the handshake would be unreadable for the client
// (docs/protocol.md, section 6).
Result<void> Session::Impl::judge_inside(const PeerLeaf& leaf) {
  if (side_ == Side::server) {
    shown_leaf_ = leaf;
    return {};
  }
  auto judged = judge_leaf(leaf);
  if (admission->verdict() != nullptr) say(Event::Kind::judged, admission->verdict());
  return judged;
}

Result<void> Session::Impl::begin_evidence() {
  const bool is_client = side_ == Side::client;
  if (is_client) {
    say(Event::Kind::peer_authenticated);
    if (!engine->certificate_requested()) {
      if (!frames) return Error(Reason::evidence_not_requested);
      engine->skip_certificate();  // a REQUEST must come instead
      return {};
    }
  }
  RATLS_TRY(auto key, SigningKey::generate());
  own_hash_ = hash_spki(key.spki());
  key_ = std::move(key);
  RATLS_TRY(own_binder_,
            is_client ? engine->client_binder(own_hash_) : engine->server_binder(own_hash_));
  pending.emplace(attested_->begin(is_client ? Role::client : Role::server,
                                   is_client ? Level::exporter : Level::handshake, own_binder_,
                                   own_hash_));
  state = State::awaiting_evidence;
  say(Event::Kind::evidence_requested);
  return {};
}

Result<void> Session::Impl::present_evidence() {
  RATLS_TRY(const Bytes evidence, pending->take());
  pending.reset();
  say(Event::Kind::evidence_ready);
  RATLS_TRY(const Bytes certificate, make_leaf(*key_, ByteView(evidence)));
  RATLS_CHECK(engine->set_own_certificate(*key_, certificate));
  state = State::handshaking;
  return {};
}

// The binder was computed from mbedTLS's internals before the handshake was over; here it is
// computed again through the public exporter. Two different values mean a broken build.
Result<void> Session::Impl::confirm_binder() {
  RATLS_TRY(const Binder again, engine->client_binder(own_hash_));
  if (!own_binder_ || !equal_ct(again.view(), own_binder_->view())) {
    return Error(Reason::binding_mismatch, "the exporter changed during the handshake");
  }
  return {};
}

Result<void> Session::Impl::finish_client(HandshakeDone done) {
  if (admission->ca() != nullptr) RATLS_CHECK(admission->judge_ca(*engine));
  if (key_) RATLS_CHECK(confirm_binder());
  if (frames) {
    if (key_) {
      frames->exchange.expect_verdict();
    } else if (frames->answerer) {
      frames->exchange.expect_request();
    }
    return start_frames(std::move(done), frames->demand != nullptr);
  }
  verdict_due = attested_.has_value();
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  if (!attested_) say(Event::Kind::peer_authenticated);
  state = State::open;
  return {};
}

Result<void> Session::Impl::judge_client() {
  if (!shown_leaf_) return Error(Reason::malformed_certificate, "the client sent no certificate");
  return judge_leaf(*shown_leaf_);
}

// Framed: where the certificate holds no evidence it is asked for in a frame. What the certificate
// does hold is judged first.
Result<void> Session::Impl::finish_server(HandshakeDone done) {
  const bool lacks =
      frames && admission->by_evidence() && (!shown_leaf_ || detail::lacks_evidence(*shown_leaf_));
  if (lacks) return start_frames(std::move(done), true);
  auto judged = guarded([this] { return judge_client(); });
  if (admission->verdict() != nullptr) say(Event::Kind::judged, admission->verdict());
  if (!judged) {
    refuse(judged.error());
    return {};
  }
  return accept_client(std::move(done));
}

Result<void> Session::Impl::accept_client(HandshakeDone done) {
  RATLS_CHECK(admission->confirm(*engine));
  if (admission->by_evidence()) RATLS_CHECK(engine->write(VerdictFrame{}.encode()));
  if (frames) return start_frames(std::move(done), frames->demand != nullptr);
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  state = State::open;
  return {};
}

void Session::Impl::refuse(const Error& error) {
  const std::uint8_t alert =
      shown_leaf_ ? detail::kAlertAccessDenied : detail::kAlertCertificateRequired;
  tell_refusal(error, alert, admission->by_evidence() && shown_leaf_.has_value());
}

// Best effort: the peer is refused whether or not it can be told.
void Session::Impl::tell_refusal(const Error& error, std::uint8_t alert, bool verdict) {
  state = State::refusing;
  failure = error;
  pending.reset();
  peer.reset();
  if (frames) frames->drop_bytes();
  if (verdict && !engine->write(refusal(error, disclosure_).encode())) return;
  if (!engine->send_alert(alert)) return;
}

void Session::Impl::feed_end() {
  engine->feed_end();
  if (state == State::refusing) fail(*failure);
}

}  // namespace ratls
