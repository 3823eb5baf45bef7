#include <ratls/services/io/attested.h>

#include <algorithm>
#include <utility>

#include <ratls/core/secret.h>

namespace ratls::io {

namespace {
constexpr std::size_t kRecord = 16384;      // RFC 8446, 5.1
constexpr std::size_t kMaxDrained = 65536;  // docs/protocol.md, section 6

// Never negative: libuv would wait for ever.
std::chrono::milliseconds left_until(std::chrono::steady_clock::time_point due) {
  using std::chrono::milliseconds;
  const auto left = due - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
}
}  // namespace

std::chrono::milliseconds connect_limit(const Session& session, std::chrono::milliseconds most) {
  const auto due = session.deadline();
  return due ? std::min(left_until(*due), most) : most;
}

AttestedStream::AttestedStream(Loop& loop, std::unique_ptr<Stream> wire, Session session,
                               const Timeouts& timeouts)
    : loop_(loop),
      wire_(std::move(wire)),
      session_(std::move(session)),
      timeouts_(timeouts),
      limit_(loop),
      due_(loop),
      self_(std::make_shared<AttestedStream*>(this)) {}

AttestedStream::~AttestedStream() {
  *self_ = nullptr;
  wipe(buffer_);
}

void AttestedStream::start(Events events) {
  events_ = std::move(events);
  Stream::Events wire;
  wire.bytes = [this](ByteView bytes) { take(bytes); };
  wire.end = [this] { wire_ended(); };
  wire.failed = [this](const Error& error) { fail(error); };
  wire.drained = [this] {
    const auto call = events_.drained;
    if (call && opened_ && !concluded_) call();
  };
  wire_->start(std::move(wire));
  go_on();
}

void AttestedStream::take(ByteView bytes) {
  const std::weak_ptr<AttestedStream*> alive = self_;
  if (concluded_) {  // refused: what comes is dropped, up to a limit
    drained_ += bytes.size();
    if (drained_ > kMaxDrained) conclude();
    return;
  }
  while (!bytes.empty()) {
    const std::size_t taken = session_.feed(bytes);
    bytes = bytes.subspan(taken);
    go_on();
    if (alive.expired() || concluded_) return;
    if (taken == 0 && !bytes.empty()) {
      fail(Error(Reason::internal, "the session's input is full"));
      return;
    }
  }
}

void AttestedStream::wire_ended() {
  session_.feed_end();
  if (concluded_) {
    conclude();
    return;
  }
  go_on();
}

void AttestedStream::go_on() {
  const std::weak_ptr<AttestedStream*> alive = self_;
  const Session::State state = session_.advance();
  flush();
  if (session_.failure() != nullptr) {
    fail(*session_.failure());
    return;
  }
  watch_deadline();
  const bool making = state == Session::State::awaiting_evidence || session_.making_evidence();
  making ? await_evidence() : static_cast<void>(waiting_ = false);
  if (state != Session::State::open) return;
  if (!std::exchange(opened_, true)) {
    limit_.start(timeouts_.verdict, [this] {
      fail(Error(Reason::verdict_missing, "the server's verdict did not come in time"));
    });
    const auto call = events_.opened;
    call();
    if (alive.expired()) return;
  }
  if (pass_verdict()) deliver();
  if (alive.expired() || concluded_) return;
  flush();  // reading may have answered a REQUEST
  watch_deadline();
}

void AttestedStream::watch_deadline() {
  const auto due = session_.deadline();
  if (!due) {
    due_.stop();
    return;
  }
  due_.start(left_until(*due), [this] {
    session_.expire();
    go_on();
  });
}

void AttestedStream::flush() {
  if (session_.output().empty()) return;
  const std::size_t size = session_.output().size();
  wire_->write(session_.output());
  session_.sent(size);
}

// The attester's thread may only wake somebody; the loop looks for itself.
void AttestedStream::await_evidence() {
  if (std::exchange(waiting_, true)) return;
  const auto inbox = loop_.inbox();
  const std::weak_ptr<AttestedStream*> self = self_;
  session_.on_evidence_ready([inbox, self] {
    inbox->post([self] {
      const auto found = self.lock();
      if (found && *found != nullptr) (*found)->go_on();
    });
  });
}

// Has this side been accepted? True at once where the peer does not judge it.
bool AttestedStream::pass_verdict() {
  if (accepted_) return true;
  const auto known = session_.poll_acceptance();
  if (!known) {
    fail(known.error());
    return false;
  }
  accepted_ = *known;
  if (accepted_) restart_idle();
  return accepted_;
}

void AttestedStream::deliver() {
  const std::weak_ptr<AttestedStream*> alive = self_;
  buffer_.resize(kRecord);
  while (!paused_ && !ended_) {
    const auto got = session_.read(buffer_);
    if (!got) {
      fail(got.error());
      return;
    }
    if (got->size > 0) {
      restart_idle();
      const auto call = events_.bytes;
      call(ByteView(buffer_).first(got->size));
    } else if (got->end) {
      ended_ = true;
      const auto call = events_.end;
      call();
    } else {
      return;
    }
    if (alive.expired() || concluded_) return;
  }
}

void AttestedStream::pause() {
  paused_ = true;
  wire_->pause();
}

void AttestedStream::resume() {
  if (!std::exchange(paused_, false) || concluded_) return;
  const std::weak_ptr<AttestedStream*> alive = self_;
  go_on();
  if (alive.expired() || paused_ || concluded_) return;
  wire_->resume();
}

void AttestedStream::write(ByteView bytes) {
  if (concluded_) return;
  restart_idle();
  // A failure here is one of the session's: the next look at it reports it.
  static_cast<void>(session_.write(bytes));
  flush();
}

std::size_t AttestedStream::queued() const {
  return wire_->queued();
}

void AttestedStream::end() {
  if (concluded_) return;
  static_cast<void>(session_.close());  // close_notify, best effort
  flush();
  wire_->end();
}

void AttestedStream::restart_idle() {
  if (!accepted_) return;
  limit_.start(timeouts_.idle, [this] {
    fail(Error(Reason::handshake_timeout, "nothing came or went for the idle limit"));
  });
}

// A refused peer must be able to read why: our side ends, and what still comes is dropped until
// the peer ends too, since closing over unread bytes would reset the connection.
void AttestedStream::fail(const Error& error) {
  if (std::exchange(concluded_, true)) return;
  if (session_.failure() == nullptr) session_.abandon(error);
  flush();
  if (session_.state() != Session::State::refusing) {
    wire_->end();
    conclude();
    return;
  }
  wire_->end();
  limit_.start(timeouts_.drain, [this] { conclude(); });
}

void AttestedStream::conclude() {
  limit_.stop();
  due_.stop();
  const auto call = std::exchange(events_.failed, nullptr);
  const Error error = session_.failure() != nullptr
                          ? *session_.failure()
                          : Error(Reason::internal, "a stream that ended for no reason");
  if (call) call(error);
}

}  // namespace ratls::io
