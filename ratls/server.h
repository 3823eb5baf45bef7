/// A server for many: handshakes in one thread, each accepted channel in a worker's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <ratls/channel.h>
#include <ratls/config.h>
#include <ratls/tcp.h>

namespace ratls {

struct ServerLimits {
  std::size_t workers = 1024;              ///< threads that run the handler, at most
  std::size_t connections = 1024;          ///< at once, in handshake or after it; more are closed
  std::size_t per_peer = 64;               ///< of one peer_id(), at once
  std::chrono::milliseconds drain{10000};  ///< how long channels may go on after stop()
};

/// Peers that are slow, silent or refused cost no worker: a handshake occupies none. A handler that
/// takes long occupies one of `workers`, and where all are taken the next channel waits: fewer than
/// `connections` are for those who would rather let channels wait than serve many at once.
///
/// Threads: run() in one, whose caller also pays for the handshakes; stop() from any. run() starts
/// workers when there is a channel and none is free, ends those without work, and joins all.
class Server {
 public:
  /// Runs in a worker's thread and owns the channel. `from` is "host:port", for logs. No exception
  /// may leave it.
  using Handler = std::function<void(Channel channel, const std::string& from)>;
  /// A connection that came to no channel: why (too_many_connections where a limit closed it), and
  /// the verdict where there was one. Runs in
  /// run()'s thread and must not block.
  using Refused =
      std::function<void(const std::string& from, const Error& why, const Verdict* verdict)>;

  Server(TcpListener listener, ServerConfig config, Handler handler, ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// run() must have returned.
  ~Server();

  /// From now on connections are taken under this configuration: identity, whom it accepts,
  /// timeouts, all at once. One that was taken before, in its handshake or open, ends as it began;
  /// nobody is turned away or cut off. What no connection uses any more is let go of by a later
  /// call, or with the server. A policy alone is replaced by Verifier::replace_policy(), which
  /// also reaches handshakes that are under way. Any thread.
  /// Errors: those of Session::server(); nothing has changed then.
  Result<void> replace_config(ServerConfig config);

  /// Set it before run().
  void on_refusal(Refused refused);
  [[nodiscard]] const Address& address() const noexcept;

  /// Serves until stop(), then until the last channel has ended or `drain` is over; then what is
  /// left is cut off. Call it once. Errors: io_error, where the system gives no more descriptors
  /// or threads to begin with.
  Result<void> run();
  /// No connection is taken from now on. Also from a signal handler.
  void stop() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ratls
