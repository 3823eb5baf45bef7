/// Byte streams on a loop: TCP, Unix sockets, standard input and output.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/services/io/loop.h>
#include <ratls/tcp.h>

namespace ratls::io {

/// An untrusted, ordered byte stream. Threads: the loop's.
class Stream {
 public:
  /// What happens to it. Each may destroy the stream.
  struct Events {
    std::function<void(ByteView)> bytes;  ///< the view lives as long as the call
    std::function<void()> end;            ///< the peer has ended its sending side
    std::function<void(Error)> failed;    ///< nothing more comes or goes
    std::function<void()> drained;        ///< all that was written has left
  };
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Closes at once; what is still queued may be lost.
  virtual ~Stream() = default;

  /// Begins reading. Call it once.
  virtual void start(Events events) = 0;
  virtual void pause() = 0;  ///< no more bytes() until resume()
  virtual void resume() = 0;
  /// Queues a copy. Failures arrive by events.failed.
  virtual void write(ByteView bytes) = 0;
  [[nodiscard]] virtual std::size_t queued() const = 0;  ///< bytes that have not left yet
  /// Ends this side's sending when the queue has left.
  virtual void end() = 0;
  /// Closes so that the peer does not take it for an orderly end, where the stream can say that
  /// (TCP resets).
  virtual void abort() = 0;
};

/// Where a stream leads: "host:port", "[::1]:port", ":port" or "unix:/path".
struct Endpoint {
  Address address;
  std::string path;  ///< of a Unix socket; empty for TCP

  /// Errors: invalid_config.
  static Result<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }
  /// A Unix socket, 127.0.0.1 or ::1: reached from this machine only, where one listens there. A
  /// name is not, whatever it resolves to.
  [[nodiscard]] bool is_local() const noexcept {
    return is_unix() || address.host == "127.0.0.1" || address.host == "::1";
  }
};

/// A connection under way. Destroying it forgets it.
class Connector {
 public:
  using Done = std::function<void(Result<std::unique_ptr<Stream>>)>;
  /// Resolves a name without blocking the loop and tries its addresses in turn, for at most
  /// `limit` in all. `done` is called once and may destroy the Connector.
  /// Errors: connection_failed, handshake_timeout.
  Connector(Loop& loop, Endpoint to, std::chrono::milliseconds limit, Done done);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Listens and hands over what comes.
class Listener {
 public:
  using Accepted = std::function<void(std::unique_ptr<Stream>, std::string from)>;
  /// A Unix socket's file is made with mode 0600 and removed at the end; one that exists is an
  /// error. Port 0 lets the system choose. Errors: connection_failed, io_error.
  static Result<std::unique_ptr<Listener>> bind(Loop& loop, const Endpoint& at, Accepted accepted);
  /// Takes over a listening socket (socket activation). Errors: not_a_listener, io_error.
  static Result<std::unique_ptr<Listener>> adopt(Loop& loop, Descriptor socket, Accepted accepted);
  /// Where a listening socket stands: of a Unix socket its path, "@NAME" of an abstract one.
  /// Errors: not_a_listener, io_error.
  static Result<Endpoint> standing_at(const Descriptor& socket);
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;
  [[nodiscard]] virtual std::string where() const = 0;
};

/// Standard input and output as one stream. start() may report io_error.
std::unique_ptr<Stream> standard_streams(Loop& loop);

}  // namespace ratls::io
