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
  carried_.reset();
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
  const bool fixed = certificate_ && admission->by_evidence();
  if (!key_ && !fixed) return {};
  const ByteView own = key_ ? key_->spki() : certificate_->key().spki();
  if (equal_ct(admission->judged_spki(), own)) {
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

// A client knows by its own certificate whether its server owes it a VERDICT.
Result<bool> Session::Impl::showed_evidence() const {
  if (key_) return true;
  if (!key_bound_) return false;
  if (engine->showed_certificate()) return true;
  return frames ? Result<bool>(false) : Error(Reason::evidence_not_requested);
}

Result<void> Session::Impl::finish_client(HandshakeDone done) {
  if (engine->resumed()) return finish_resumed_client(std::move(done));
  carried_.reset();  // it was not taken
  if (admission->ca() != nullptr) RATLS_CHECK(admission->judge_ca(*engine));
  if (key_) RATLS_CHECK(confirm_binder());
  RATLS_TRY(const bool showed, showed_evidence());
  if (frames) {
    if (showed) {
      frames->exchange.expect_verdict();
    } else if (frames->answerer) {
      frames->exchange.expect_request();
    }
    return start_frames(std::move(done), frames->demand != nullptr);
  }
  verdict_due = showed;
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  full_handshake_ = Clock::now();
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
  if (engine->resumed()) return finish_resumed(std::move(done));
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

// Of whoever came with a certificate that is no leaf of ours it counts as shown: it is refused.
bool Session::Impl::client_showed_evidence() const {
  return shown_leaf_ && !detail::lacks_evidence(*shown_leaf_);
}

Result<void> Session::Impl::accept_client(HandshakeDone done) {
  RATLS_CHECK(admission->confirm(*engine));
  grant_ticket();
  if (client_showed_evidence()) RATLS_CHECK(engine->write(VerdictFrame{}.encode()));
  if (frames) return start_frames(std::move(done), frames->demand != nullptr);
  RATLS_TRY(peer, std::move(*admission).admit(std::move(done), *engine));
  state = State::open;
  return {};
}

void Session::Impl::refuse(const Error& error) {
  const std::uint8_t alert =
      shown_leaf_ ? detail::kAlertAccessDenied : detail::kAlertCertificateRequired;
  const bool verdict = admission->by_evidence() || client_showed_evidence();
  tell_refusal(error, alert, verdict && shown_leaf_.has_value());
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
