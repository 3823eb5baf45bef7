/// An attested channel on a loop: a Session over a Stream, plain or framed, with its deadlines. The
/// handshake's runs since the session was made, so make it before the connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <ratls/services/io/stream.h>
#include <ratls/session.h>

namespace ratls::io {

/// How long a connection for `session` may take to stand: what is left of the session's own
/// deadline, which runs over both, and at most `most`.
std::chrono::milliseconds connect_limit(const Session& session, std::chrono::milliseconds most);

/// Threads: the loop's.
class AttestedStream {
 public:
  /// Each may destroy the stream. Before opened() no application byte moves in either direction.
  struct Events {
    std::function<void()> opened;  ///< the handshake is over, and this side accepts the peer
    std::function<void(ByteView)>
        bytes;                          ///< application bytes; never before this side was accepted
    std::function<void()> end;          ///< the peer ended its sending in order
    std::function<void()> drained;      ///< what was written has left
    std::function<void(Error)> failed;  ///< refused, truncated, timed out; nothing more comes
  };

  AttestedStream(Loop& loop, std::unique_ptr<Stream> wire, Session session,
                 const Timeouts& timeouts);
  AttestedStream(const AttestedStream&) = delete;
  AttestedStream& operator=(const AttestedStream&) = delete;
  /// Closes at once.
  ~AttestedStream();

  void start(Events events);
  void pause();
  void resume();
  /// After opened() only. Failures arrive by events.failed.
  void write(ByteView bytes);
  [[nodiscard]] std::size_t queued() const;
  /// Ends this side's sending with close_notify.
  void end();

  /// The handshake's own view; see Session.
  [[nodiscard]] const Session& session() const noexcept { return session_; }

 private:
  void take(ByteView bytes);
  void wire_ended();
  void go_on();
  void flush();
  void await_evidence();
  bool pass_verdict();
  void watch_deadline();
  void deliver();
  void conclude();
  void fail(const Error& error);
  void restart_idle();

  Loop& loop_;
  std::unique_ptr<Stream> wire_;
  Session session_;
  Timeouts timeouts_;
  Timer limit_;
  Timer due_;  ///< the session's own deadline: the handshake's, or an exchange's in frames
  Events events_;
  std::shared_ptr<AttestedStream*> self_;  ///< what calls from other threads find, or null
  Bytes buffer_;
  std::size_t drained_ = 0;
  bool opened_ = false;
  bool accepted_ = false;
  bool waiting_ = false;  ///< for this side's evidence
  bool paused_ = false;
  bool ended_ = false;      ///< the peer's sending
  bool concluded_ = false;  ///< failed() was or will be called
};

}  // namespace ratls::io
