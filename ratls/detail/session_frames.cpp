// The framed session (docs/protocol.md, section 8): every byte after the handshake lies in a frame.
#include <algorithm>

#include <ratls/detail/session_impl.h>

namespace ratls {

using detail::FrameState;
using detail::FrameType;
using detail::HandshakeDone;

namespace {

// The alert that tells the peer of a failure; none where it is gone, or told us itself.
std::optional<std::uint8_t> alert_for(const Error& error) {
  switch (error.reason()) {
    case Reason::framing_mismatch:
      return detail::kAlertNoApplicationProtocol;
    case Reason::peer_refused:
    case Reason::cannot_judge_now:
    case Reason::tls_failed:
    case Reason::connection_closed:
    case Reason::truncated_stream:
    case Reason::record_limit_reached:
      return std::nullopt;
    default:
      break;
  }
  return error.kind() == Errc::malformed ? detail::kAlertUnexpectedMessage
                                         : detail::kAlertInternalError;
}

bool is_end(const Error& error) {
  return error.reason() == Reason::truncated_stream || error.reason() == Reason::connection_closed;
}

}  // namespace

void Session::Impl::fail_told(Error error) {
  if (state == State::failed || state == State::closed || state == State::refusing) return;
  const auto alert = alert_for(error);
  // Best effort: the session fails whether or not the peer can be told.
  const bool told = !alert || engine->send_alert(*alert).has_value();
  static_cast<void>(told);
  fail(std::move(error));
}

Result<void> Session::Impl::start_frames(HandshakeDone done, bool ask) {
  frames->done.emplace(std::move(done));
  frames->started = true;
  if (frames->exchange.acceptance_due()) frames->verdict_by = Clock::now() + timeouts_.verdict;
  return ask ? send_request(true) : Result<void>{};
}

void Session::Impl::advance_frames() {
  if (state == State::refusing || state == State::failed || state == State::closed) return;
  if (auto moved = move_frames(); !moved) fail_told(std::move(moved).error());
}

Result<void> Session::Impl::move_frames() {
  RATLS_CHECK(send_answer());
  RATLS_CHECK(pump_frames());
  if (state == State::refusing) return {};
  RATLS_CHECK(begin_answer());
  RATLS_CHECK(send_answer());
  return settle();
}

// Opens the session once nothing of the first exchange is left, then sends what was held back.
Result<void> Session::Impl::settle() {
  if (state == State::handshaking || state == State::awaiting_evidence) {
    if (!frames->exchange.may_send()) {
      state = pending ? State::awaiting_evidence : State::handshaking;
      return {};
    }
    RATLS_TRY(peer, std::move(*admission).admit(std::move(*frames->done), *engine));
    frames->done.reset();
    state = State::open;
    if (side_ == detail::Side::client && !key_) say(Event::Kind::peer_authenticated);
  }
  return send_held();
}

Result<void> Session::Impl::pump_frames() {
  Secret<4096> memory;
  return memory.fill([this](std::span<std::uint8_t, 4096> record) -> Result<void> {
    while (state != State::refusing && !frames->end_seen) {
      // An exchange is always read to its end: its frames stand behind what nobody has read yet.
      const bool busy = frames->exchange.asking() || frames->exchange.acceptance_due();
      if (!busy && frames->unread().size() >= FrameState::kMaxInbox) return {};
      const auto got = engine->read(record);
      if (!got && is_end(got.error())) RATLS_CHECK(frames->exchange.on_end());
      if (!got) return got.error();
      if (got->end) return take_end();
      if (got->size == 0) return {};
      RATLS_CHECK(take_frames(ByteView(record).first(got->size)));
    }
    return {};
  });
}

Result<void> Session::Impl::take_frames(ByteView bytes) {
  while (!bytes.empty() && state != State::refusing) {
    RATLS_TRY(const std::size_t used, frames->reader.feed(bytes));
    bytes = bytes.subspan(used);
    auto frame = frames->reader.take();
    if (!frame) continue;
    auto taken = take_frame(*frame);
    wipe(frame->body);
    RATLS_CHECK(std::move(taken));
  }
  return {};
}

Result<void> Session::Impl::take_data(ByteView body) {
  RATLS_CHECK(frames->exchange.on_data());
  if (frames->unread().size() + body.size() > FrameState::kMaxHeld) {
    return Error(Reason::held_data_limit, "the peer goes on sending instead of its evidence");
  }
  append(frames->inbox, body);
  return {};
}

Result<void> Session::Impl::take_end() {
  RATLS_CHECK(frames->exchange.on_end());
  if (frames->reader.inside()) return Error(Reason::truncated_stream, "inside a frame");
  frames->end_seen = true;
  if (state == State::open) return {};
  return Error(Reason::connection_closed, "the peer closed before the session was open");
}

Result<Session::Read> Session::Impl::read_frames(std::span<std::uint8_t> out) {
  advance_frames();
  if (failure) return *failure;
  if (state != State::open) return Error(Reason::channel_failed, "the session is not open");
  if (out.empty() || frames->exchange.asking()) return Session::Read{};
  const ByteView unread = frames->unread();
  const std::size_t count = std::min(out.size(), unread.size());
  if (count == 0 && frames->end_seen) {
    peer_ended_ = true;
    end_if_both_ended();
    return Session::Read{0, true};
  }
  copy_bytes(unread.first(count), out.first(count));
  frames->took(count);
  return Session::Read{count, false};
}

Result<void> Session::Impl::send_data(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(detail::kDataChunk, bytes.size());
    Bytes frame = detail::encode_frame(FrameType::data, bytes.first(count));
    auto written = engine->write(frame);
    wipe(frame);
    RATLS_CHECK(std::move(written));
    bytes = bytes.subspan(count);
  }
  return {};
}

// Application bytes, then the end of this side's sending, where they waited for an exchange.
Result<void> Session::Impl::send_held() {
  if (!frames->exchange.may_send()) return {};
  RATLS_CHECK(send_data(frames->outbox));
  frames->drop_outbox();
  if (!ended_ || frames->end_sent) return {};
  frames->end_sent = true;
  RATLS_CHECK(engine->close_notify());
  end_if_both_ended();
  return {};
}

Result<void> Session::Impl::write_frames(ByteView bytes) {
  advance_frames();
  if (failure) return *failure;
  if (!frames->exchange.may_send()) {
    if (frames->outbox.size() + bytes.size() > FrameState::kMaxHeld) {
      return Error(Reason::held_data_limit, "this side went on writing");
    }
    append(frames->outbox, bytes);
    return {};
  }
  auto written = send_data(bytes);
  if (!written) fail_told(written.error());
  return written;
}

Result<void> Session::Impl::close_frames() {
  auto sent = send_held();
  if (!sent) fail_told(sent.error());
  return sent;
}

}  // namespace ratls
