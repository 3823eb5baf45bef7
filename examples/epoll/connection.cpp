#include "connection.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <sys/socket.h>

namespace ratls::examples {

namespace {

// What the application does: it sends back what came, and ends when the peer has ended.
Result<void> echo(Session& session) {
  std::array<std::uint8_t, 4096> bytes{};
  while (true) {
    RATLS_TRY(const auto got, session.read(bytes));
    if (got.end) return session.close();
    if (got.size == 0) return {};
    RATLS_CHECK(session.write(ByteView(bytes).first(got.size)));
  }
}

}  // namespace

bool Connection::due() const {
  const auto own = ending_ ? std::nullopt : session_.deadline();  // the handshake's
  return std::chrono::steady_clock::now() >= own.value_or(until_) || session_.evidence_ready();
}

bool Connection::turn(const std::function<void()>& wake) {
  if (due() && !session_.evidence_ready()) {
    if (ending_) return false;
    if (session_.expire() != Session::State::failed) {
      session_.abandon(Error(Reason::handshake_timeout, "nothing came for too long"));
    }
  }
  std::array<std::uint8_t, 16384> chunk{};
  while (true) {
    const bool waited = session_.making_evidence();
    const auto state = session_.advance();
    if (!waited && session_.making_evidence()) session_.on_evidence_ready(wake);
    // An error of echo() is the session's: failure() has it, output() the alert.
    if (state == Session::State::open) static_cast<void>(echo(session_).has_value());
    if (!send_output()) return false;
    if (!session_.output().empty()) return true;  // the socket calls when there is room
    if (session_.state() == Session::State::closed) return false;
    if (session_.failure() != nullptr && !ending_) begin_to_end();
    const auto got = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0 && ending_) return false;
    if (got == 0) session_.feed_end();
    if (!ending_) heard();
    session_.feed(ByteView(chunk).first(static_cast<std::size_t>(got)));  // read at once, all fits
  }
}

// False where the peer is gone.
bool Connection::send_output() {
  while (!session_.output().empty()) {
    const ByteView out = session_.output();
    const auto sent = ::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    session_.sent(static_cast<std::size_t>(sent));
  }
  return true;
}

// Closing over unread bytes would reset the connection, and the peer would never read why.
void Connection::begin_to_end() {
  std::printf("ended: %s\n", session_.failure()->message().c_str());
  ::shutdown(socket_.get(), SHUT_WR);
  until_ = after(timeouts_.drain);
  ending_ = true;
}

}  // namespace ratls::examples
