// The open session: application bytes, behind the server's VERDICT where one is due.
#include <algorithm>
#include <array>

#include <ratls/core/secret.h>

#include <ratls/detail/session_impl.h>

namespace ratls {

namespace {

// What ended a session before the VERDICT came is reported as that.
Error before_verdict(const Error& error) {
  if (error.reason() == Reason::truncated_stream || error.reason() == Reason::connection_closed) {
    return Error(Reason::verdict_missing, "the stream ended");
  }
  return error;
}

// RFC 5705, section 4, and HkdfLabel of RFC 8446, 7.1, whose 255 bytes begin with "tls13 ".
constexpr std::size_t kMaxLabel = 249;
constexpr std::size_t kMaxExported = std::size_t{255} * 32;  // of the smaller hash

bool begins_like(std::string_view label, std::string_view own) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return label.size() >= own.size() && std::equal(own.begin(), own.end(), label.begin(),
                                                  [&](char a, char b) { return a == lower(b); });
}

// Binders are exported under this library's labels: an application that could do that as well
// could be asked for one.
Result<void> check_label(std::string_view label) {
  const bool printable =
      std::all_of(label.begin(), label.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (label.empty() || label.size() > kMaxLabel || !printable) {
    return Error(Reason::invalid_config, "an exporter's label has 1 to 249 printable characters");
  }
  if (begins_like(label, "ratls") || begins_like(label, "experimental-ratls")) {
    return Error(Reason::label_reserved, std::string(label));
  }
  return {};
}

}  // namespace

// Takes the VERDICT from the front of the server's stream as far as it has arrived. What came
// in one record behind it is held for read().
Result<void> Session::Impl::take_verdict() {
  // The server may have put its answer, a secret perhaps, into the VERDICT's record.
  Secret<2048> memory;
  return memory.fill([this](std::span<std::uint8_t, 2048> record) { return take_verdict(record); });
}

Result<void> Session::Impl::take_verdict(std::span<std::uint8_t> record) {
  while (verdict_due) {
    RATLS_TRY(const auto got, engine->read(record));
    if (got.end) return Error(Reason::verdict_missing, "the server closed in order without one");
    if (got.size == 0) return {};
    const ByteView bytes = ByteView(record).first(got.size);
    RATLS_TRY(const std::size_t used, verdict_reader_.feed(bytes));
    const auto frame = verdict_reader_.take();
    if (!frame) continue;
    RATLS_TRY(const auto verdict, detail::VerdictFrame::decode(frame->body));
    say(Event::Kind::verdict_received);
    if (auto refused = verdict.as_error()) return std::move(*refused);
    append(held_, bytes.subspan(used));
    verdict_due = false;
  }
  return {};
}

Result<bool> Session::Impl::poll_acceptance() {
  if (frames && frames->started) advance_frames();
  if (state == State::failed && failure) return *failure;
  if (frames && failure) return *failure;
  if (frames) return state != State::handshaking && !frames->exchange.acceptance_due();
  if (state == State::closed) return !verdict_due;
  if (state != State::open) return false;
  if (auto taken = take_verdict(); !taken) {
    fail(before_verdict(taken.error()));
    return *failure;
  }
  if (!verdict_due) keep_ticket();
  return !verdict_due;
}

Result<Session::Read> Session::Impl::deliver(std::span<std::uint8_t> out) {
  if (held_.empty()) {
    RATLS_TRY(const auto got, engine->read(out));
    return Session::Read{got.size, got.end};
  }
  const std::size_t count = std::min(out.size(), held_.size());
  copy_bytes(ByteView(held_).first(count), out.first(count));
  wipe(std::span(held_).first(count));
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
  return Session::Read{count, false};
}

Result<Session::Read> Session::Impl::read(std::span<std::uint8_t> out) {
  if (peer_ended_) return Session::Read{0, true};
  if (frames && frames->started) return read_frames(out);
  RATLS_TRY(const bool accepted, poll_acceptance());
  if (state != State::open) return Error(Reason::channel_failed, "the session is not open");
  if (!accepted || out.empty()) return Session::Read{};
  auto got = deliver(out);
  if (!got) {
    fail(got.error());
    return *failure;
  }
  peer_ended_ = got->end;
  end_if_both_ended();
  return got;
}

// One byte tells whether the peer has said anything; read() delivers it.
Result<void> Session::Impl::look_ahead() {
  if (frames || !held_.empty()) return {};
  std::array<std::uint8_t, 1> byte{};
  auto got = deliver(byte);
  if (!got) {
    fail(got.error());
    return *failure;
  }
  append(held_, ByteView(byte).first(got->size));
  wipe(byte);
  peer_ended_ = got->end;
  end_if_both_ended();
  return {};
}

// Nothing is held, unread or half arrived.
bool Session::Impl::quiet() const {
  if (!held_.empty() || !engine->quiet()) return false;
  if (!frames) return true;
  const bool exchanging = frames->exchange.asking() || frames->exchange.acceptance_due();
  const bool waiting = !frames->unread().empty() || !frames->outbox.empty();
  return !exchanging && !waiting && !frames->reader.inside() && !pending;
}

Result<void> Session::Impl::at_rest() {
  RATLS_TRY(const bool accepted, poll_acceptance());
  if (state != State::open) return Error(Reason::channel_failed, "the session is not open");
  if (!accepted) return Error(Reason::channel_busy, "the peer's VERDICT is not there yet");
  RATLS_CHECK(look_ahead());
  if (ended_) return Error(Reason::connection_closed, "this side has ended its sending");
  if (peer_ended_ || (frames && frames->end_seen)) {
    return Error(Reason::connection_closed, "the peer has ended its sending");
  }
  return quiet() ? Result<void>{}
                 : Error(Reason::channel_busy, "something is unread, unsent or half arrived");
}

Result<void> Session::Impl::exporter(std::string_view label, ByteView context,
                                     std::span<std::uint8_t> out) {
  RATLS_CHECK(check_label(label));
  if (out.empty() || out.size() > kMaxExported) {
    return Error(Reason::invalid_config, "an exporter gives 1 to 8160 bytes");
  }
  if (failure) return *failure;
  if (state != State::open) return Error(Reason::channel_failed, "the session is not open");
  return engine->exporter(label, context, out);
}

Result<void> Session::Impl::write(ByteView bytes) {
  if (state == State::failed && failure) return *failure;
  if (state != State::open || ended_) {
    return Error(Reason::channel_failed, "this side's sending has ended");
  }
  if (frames) return write_frames(bytes);
  auto written = engine->write(bytes);
  if (!written) fail(written.error());
  return written;
}

// RFC 8446, 6.1: each side closes its own direction.
Result<void> Session::Impl::close() {
  if (state == State::failed && failure) return *failure;
  if (state != State::open || ended_) return {};
  ended_ = true;
  if (frames) return close_frames();
  auto sent = engine->close_notify();
  end_if_both_ended();
  return sent;
}

void Session::Impl::end_if_both_ended() {
  if (ended_ && peer_ended_) state = State::closed;
}

}  // namespace ratls
