#include <ratls/detail/opening.h>

#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kChunk = 16384;
constexpr std::size_t kMaxDropped = 65536;  // docs/protocol.md, section 6
// Of one advance(). A peer may send records without meaning faster than they are read: the rest
// waits in the socket, while others have their turn and the deadline is looked at again.
constexpr int kMostReads = 4;

bool would_block(int code) {
  return code == EAGAIN || code == EINTR;
}

}  // namespace

Opening::Opening(Descriptor socket, std::string from, Session session,
                 std::shared_ptr<const ServerConfig> config)
    : config_(std::move(config)),
      socket_(std::move(socket)),
      from_(std::move(from)),
      session_(std::move(session)) {}

short Opening::events() const {
  if (!ending_ && !session_.output().empty()) return POLLOUT;
  return session_.state() == Session::State::awaiting_evidence ? short{0} : short{POLLIN};
}

Deadline Opening::deadline() const {
  return ending_ ? drained_by_ : session_.deadline().value_or(Deadline::max());
}

Opening::State Opening::advance() {
  if (std::chrono::steady_clock::now() >= deadline()) {
    if (ending_) return State::over;  // a refused peer that goes on talking
    if (session_.expire() == Session::State::failed) return end(*session_.failure());
  }
  for (int reads = 0; !ending_; ++reads) {
    const Session::State state = session_.advance();
    if (!send()) return State::over;
    if (session_.failure() != nullptr) return end(*session_.failure());
    if (!session_.output().empty()) return State::going_on;  // no room
    if (state == Session::State::open) return State::open;
    if (state == Session::State::awaiting_evidence) {
      await_evidence();
      return State::going_on;
    }
    awaiting_ = false;
    if (reads == kMostReads) return State::going_on;
    if (!receive()) return failure_ ? State::over : State::going_on;
  }
  while (dropped_ <= kMaxDropped && receive()) {
  }
  return dropped_ > kMaxDropped || peer_ended_ || session_.state() != Session::State::refusing
             ? State::over
             : State::going_on;
}

// Says whether anything came.
bool Opening::receive() {
  std::array<std::uint8_t, kChunk> chunk{};
  const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (got < 0 && would_block(errno)) return false;
  if (got < 0) {
    if (!failure_) failure_ = Error(Reason::connection_closed, "reset");
    peer_ended_ = true;
    return false;
  }
  if (ending_) {
    dropped_ += static_cast<std::size_t>(got);
    peer_ended_ = got == 0;
    return got > 0;
  }
  if (got == 0) {
    peer_ended_ = true;
    session_.feed_end();
  }
  return session_.feed(ByteView(chunk).first(static_cast<std::size_t>(got))) > 0 || got == 0;
}

// Says whether the connection still stands; what finds no room stays in the session.
bool Opening::send() {
  while (!session_.output().empty()) {
    const ByteView bytes = session_.output();
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && would_block(errno)) return true;
    if (sent < 0) {
      failure_ = session_.failure() != nullptr ? *session_.failure()
                                               : Error(Reason::connection_closed, "reset");
      return false;
    }
    session_.sent(static_cast<std::size_t>(sent));
  }
  return true;
}

// A refused peer gets time to read why: closing over unread bytes would reset the connection.
Opening::State Opening::end(Error why) {
  if (!failure_) failure_ = std::move(why);
  static_cast<void>(send());  // the alert; the peer may be gone
  if (session_.state() != Session::State::refusing || peer_ended_) return State::over;
  ending_ = true;
  ::shutdown(socket_.get(), SHUT_WR);
  drained_by_ = after(config_->timeouts.drain);
  return State::going_on;
}

void Opening::await_evidence() {
  if (!std::exchange(awaiting_, true)) session_.on_evidence_ready(wake_);
}

}  // namespace ratls::detail
