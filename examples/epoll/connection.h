/// One session on a non-blocking socket: goes as far as bytes and room allow, and never waits.
#pragma once

#include <functional>

#include <ratls/config.h>
#include <ratls/session.h>
#include <ratls/tcp.h>

namespace ratls::examples {

/// Threads: the loop's; `wake` alone is called from another, when this side's report is there.
class Connection {
 public:
  Connection(Descriptor socket, Session session, const Timeouts& timeouts)
      : socket_(std::move(socket)), session_(std::move(session)), timeouts_(timeouts) {
    heard();
  }
  /// Call it when the socket may have become readable or writable, and when due(). False: it is
  /// over.
  bool turn(const std::function<void()>& wake);
  /// Has a deadline passed, or is the report there?
  [[nodiscard]] bool due() const;
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }

 private:
  void heard() { until_ = after(timeouts_.idle); }
  bool send_output();
  void begin_to_end();

  Descriptor socket_;
  Session session_;
  Timeouts timeouts_;
  Deadline until_{};     ///< of an open session that is silent, or of a refused peer
  bool ending_ = false;  ///< it failed; the peer gets time to read why
};

}  // namespace ratls::examples
