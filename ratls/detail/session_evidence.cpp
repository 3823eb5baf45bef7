// Evidence after the handshake: REQUEST, EVIDENCE, VERDICT (docs/protocol.md, section 8).
#include <ratls/core/crypto.h>
#include <ratls/detail/session_impl.h>

namespace ratls {

using detail::EvidenceFrame;
using detail::Frame;
using detail::FrameContext;
using detail::FrameType;
using detail::RequestFrame;
using detail::Side;
using detail::VerdictFrame;

namespace {

// The only level there is after a handshake.
constexpr auto kDemanded = static_cast<std::uint64_t>(Level::exporter);

FrameContext random_context() {
  FrameContext out;
  crypto::random(out.mutable_view());
  return out;
}

}  // namespace

Result<void> Session::Impl::take_frame(const Frame& frame) {
  switch (frame.type) {
    case FrameType::data:
      return take_data(frame.body);
    case FrameType::request:
      return take_request(frame.body);
    case FrameType::evidence:
      return take_answer(frame.body);
    case FrameType::verdict:
      break;
  }
  return take_frame_verdict(frame.body);
}

Result<void> Session::Impl::send_request(bool initial) {
  const FrameContext context = random_context();
  RATLS_CHECK(frames->exchange.ask(context, initial));
  frames->evidence_by = Clock::now() + timeouts_.evidence;
  return engine->write(RequestFrame{context, kDemanded}.encode());
}

Result<void> Session::Impl::request_evidence() {
  if (failure) return *failure;
  if (!frames) return Error(Reason::invalid_config, "a plain endpoint cannot ask for evidence");
  if (frames->verifier == nullptr) {
    return Error(Reason::invalid_config, "no verifier is configured for the peer's evidence");
  }
  if (state != State::open || ended_ || frames->end_seen) {
    return Error(Reason::channel_failed, "the session is not open in both directions");
  }
  return frames->exchange.asking() ? Result<void>{} : send_request(false);
}

Result<void> Session::Impl::take_request(ByteView body) {
  RATLS_TRY(const RequestFrame request, RequestFrame::decode(body));
  // It crossed this side's close_notify, which is the answer.
  if (frames->end_sent) return {};
  RATLS_CHECK(frames->exchange.on_request(request));
  frames->unanswered = request;
  frames->verdict_by.reset();  // runs again from this side's EVIDENCE
  return {};
}

// The key of the certificate that this side showed; empty where it showed none.
ByteView Session::Impl::shown_spki() const {
  if (!engine->showed_certificate()) return {};
  return key_ ? key_->spki() : certificate_->key().spki();
}

// A client answers nobody whom it has not authenticated, so its own first demand comes first.
Result<void> Session::Impl::begin_answer() {
  const bool authenticated = side_ == Side::server || peer || !frames->exchange.asking();
  if (!frames->unanswered || !authenticated) return {};
  const FrameContext context = frames->unanswered->context;
  const Role role =
      side_ == Side::client ? Role::post_handshake_client : Role::post_handshake_server;
  const SpkiHash hash = hash_spki(shown_spki());
  RATLS_TRY(const Binder binder, engine->post_binder(context.view(), role, hash));
  pending.emplace(frames->answerer->begin(role, Level::exporter, binder, hash));
  frames->unanswered.reset();
  frames->answering = context;
  say(Event::Kind::evidence_requested);
  return {};
}

Result<void> Session::Impl::send_answer() {
  if (!frames->answering || !pending || !pending->ready()) return {};
  auto made = pending->take();
  pending.reset();
  RATLS_TRY(Bytes evidence, std::move(made));
  say(Event::Kind::evidence_ready);
  RATLS_TRY(const Bytes frame, EvidenceFrame({*frames->answering, std::move(evidence)}).encode());
  frames->answering.reset();
  RATLS_CHECK(engine->write(frame));
  frames->exchange.answer();
  frames->verdict_by = Clock::now() + timeouts_.verdict;
  return {};
}

// Nobody escapes what judges a certificate by leaving evidence out of it, or by being asked later.
Result<void> Session::Impl::judge_answer(const EvidenceFrame& answer) {
  const ByteView context = answer.context.view();
  if (frames->accepting != nullptr) {
    RATLS_CHECK(admission->judge_answer(answer.evidence, context, *frames->accepting, *engine));
  }
  return admission->judge_answer(answer.evidence, context, *frames->verifier, *engine);
}

Result<void> Session::Impl::take_answer(ByteView body) {
  RATLS_TRY(const EvidenceFrame answer, EvidenceFrame::decode(body));
  RATLS_CHECK(frames->exchange.on_evidence(answer.context));
  frames->evidence_by.reset();
  auto judged = judge_answer(answer);
  if (admission->verdict() != nullptr) say(Event::Kind::judged, admission->verdict());
  // Whoever shows this side its own key is a mirror.
  const ByteView own = shown_spki();
  if (judged && !own.empty() && equal_ct(own, engine->peer_spki())) {
    judged = Error(Reason::binding_mismatch, "the peer shows this side's own key");
  }
  if (judged) return accept_answer();
  tell_refusal(judged.error(), detail::kAlertAccessDenied, true);
  return {};
}

Result<void> Session::Impl::accept_answer() {
  RATLS_CHECK(admission->confirm(*engine));
  if (peer) {
    RATLS_TRY(Peer renewed, admission->renew(std::move(*peer), *engine));
    peer.emplace(std::move(renewed));
  }
  RATLS_CHECK(engine->write(VerdictFrame{}.encode()));
  frames->exchange.judge();
  return {};
}

// A refusal is one at any time; an acceptance only of what this side showed.
Result<void> Session::Impl::take_frame_verdict(ByteView body) {
  RATLS_TRY(const VerdictFrame verdict, VerdictFrame::decode(body));
  if (auto refused = verdict.as_error()) return std::move(*refused);
  RATLS_CHECK(frames->exchange.on_verdict());
  frames->verdict_by.reset();
  say(Event::Kind::verdict_received);
  return {};
}

std::optional<detail::FrameState::Moment> Session::Impl::deadline() const {
  std::optional<detail::FrameState::Moment> out;
  if (opening()) out = open_by_;
  if (!frames || (state != State::open && !out)) return out;
  for (const auto& due : {frames->evidence_by, frames->verdict_by}) {
    if (due && (!out || *due < *out)) out = due;
  }
  return out;
}

Session::State Session::Impl::expire() {
  const auto now = Clock::now();
  if (frames && frames->evidence_by && now >= *frames->evidence_by) {
    fail_told(Error(Reason::evidence_timeout, "the peer was asked for it"));
  } else if (frames && frames->verdict_by && now >= *frames->verdict_by) {
    const bool asked = !frames->exchange.expects_request();
    fail_told(Error(asked ? Reason::verdict_missing : Reason::evidence_not_requested,
                    "nothing came in time"));
  } else if (opening() && now >= open_by_) {
    const bool firmware = pending.has_value();
    fail(Error(firmware ? Reason::evidence_timeout : Reason::handshake_timeout,
               firmware ? "the firmware took longer than the handshake may"
                        : "the handshake took longer than it may"));
  }
  return state;
}

}  // namespace ratls
