#include <ratls/detail/session_impl.h>

#include <ratls/certgen/leaf.h>

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
  const bool policy = error.kind() == Errc::not_allowed || error.kind() == Errc::outdated;
  if (error.kind() == Errc::internal || error.reason() == Reason::no_time) {
    return {VerdictFrame::Code::cannot_judge, "cannot_judge_now", ""};
  }
  if (!policy) return {VerdictFrame::Code::not_authentic, "not_authentic", ""};
  if (disclosure == Disclosure::nothing) return {VerdictFrame::Code::policy, "refused", ""};
  return {VerdictFrame::Code::policy, std::string(code(error.reason())),
          std::string(sentence(error.reason()))};
}

}  // namespace

template <class Config>
Result<void> Session::Impl::setup(const Config& config, detail::TlsOptions options) {
  if (const auto* evidence = std::get_if<AcceptEvidence>(&config.accept)) {
    if (evidence->verifier == nullptr) return Error(Reason::invalid_config, "a null verifier");
  }
  observer_ = config.observer;
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
  impl->disclosure_ = config.disclosure;
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
}

Session::State Session::Impl::advance() {
  while (state == State::handshaking || state == State::awaiting_evidence) {
    const State before = state;
    const std::size_t output_before = engine->output().size();
    if (auto stepped = step(); !stepped) fail(std::move(stepped).error());
    if (state == before && engine->output().size() == output_before) break;
  }
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
    if (!engine->certificate_requested()) return Error(Reason::evidence_not_requested);
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
  if (attested_) {
    RATLS_CHECK(confirm_binder());
    verdict_due = true;
  }
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  if (!attested_) say(Event::Kind::peer_authenticated);
  state = State::open;
  return {};
}

Result<void> Session::Impl::judge_client() {
  if (!shown_leaf_) return Error(Reason::malformed_certificate, "the client sent no certificate");
  return judge_leaf(*shown_leaf_);
}

Result<void> Session::Impl::finish_server(HandshakeDone done) {
  auto judged = judge_client();
  if (admission->verdict() != nullptr) say(Event::Kind::judged, admission->verdict());
  if (!judged) {
    refuse(judged.error());
    return {};
  }
  const bool by_evidence = admission->by_evidence();
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  if (by_evidence) RATLS_CHECK(engine->write(VerdictFrame{}.encode()));
  state = State::open;
  return {};
}

void Session::Impl::refuse(const Error& error) {
  state = State::refusing;
  failure = error;
  const bool shown_evidence = admission->by_evidence() && shown_leaf_.has_value();
  const std::uint8_t alert =
      shown_leaf_ ? detail::kAlertAccessDenied : detail::kAlertCertificateRequired;
  // Best effort: the peer is refused whether or not it can be told.
  if (shown_evidence && !engine->write(refusal(error, disclosure_).encode())) return;
  if (!engine->send_alert(alert)) return;
}

void Session::Impl::feed_end() {
  engine->feed_end();
  if (state == State::refusing) fail(*failure);
}

}  // namespace ratls
