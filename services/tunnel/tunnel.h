/// One tunnel: an attested stream on one side, a plain one on the other.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <ratls/config.h>
#include <ratls/services/io/attested.h>

namespace ratls::tunnel {

/// How tunnels are made. A value; they share it.
struct Plan {
  /// ServerConfig: what comes in is attested TLS, and goes on in the clear to `to`.
  /// ClientConfig: what comes in is plain, and goes on as attested TLS to `to`.
  std::variant<ServerConfig, ClientConfig> config;
  io::Endpoint to;
  std::chrono::milliseconds connect_limit{10000};

  [[nodiscard]] const Timeouts& timeouts() const;
};

/// Carries bytes both ways, each way ended by itself. An attested side that ends without
/// close_notify ends the plain one by a reset where it can, so that nobody takes a part for the
/// whole. Threads: the loop's.
class Tunnel {
 public:
  struct Events {
    /// This side accepts the peer; bytes begin to move.
    std::function<void(const Tunnel&)> opened;
    /// It is over, orderly or by an error; may destroy the tunnel. Called once.
    std::function<void(Tunnel&, std::optional<Error>)> over;
  };

  /// `incoming` is what came in; `from` says from where, for the log.
  Tunnel(io::Loop& loop, std::shared_ptr<const Plan> plan, std::unique_ptr<io::Stream> incoming,
         std::string from, Events events);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  ~Tunnel();
  void start();
  /// This side is to end. A tunnel over which nothing has come from either side for `silence`, and
  /// whose server spoke last, or neither, is ended in order on both sides. Where the client spoke
  /// last an answer may be on its way: that one goes on, as one does whose bytes have not left.
  void drain(std::chrono::milliseconds silence);

  [[nodiscard]] const std::string& from() const noexcept { return from_; }
  /// Null before there is one.
  [[nodiscard]] const Session* session() const noexcept;

 private:
  void attest(std::unique_ptr<io::Stream> wire);
  void connect(std::chrono::milliseconds limit);
  void connected(std::unique_ptr<io::Stream> stream);
  void attested_opened();
  void join();
  void to_plain(ByteView bytes);
  void to_attested(ByteView bytes);
  void came_from(bool client);
  void await_silence();
  void end_both();
  void finish_if_both_ended();
  void finish(std::optional<Error> error);

  io::Loop& loop_;
  std::shared_ptr<const Plan> plan_;
  std::string from_;
  Events events_;
  std::unique_ptr<io::Stream> plain_;
  std::unique_ptr<io::AttestedStream> attested_;
  std::optional<io::Connector> connector_;
  std::optional<Session> session_;  ///< until its stream stands
  bool plain_ended_ = false;        ///< its sending
  bool attested_ended_ = false;     ///< its sending
  bool attested_open_ = false;
  bool joined_ = false;
  bool answer_due_ = false;  ///< the client spoke last
  bool ending_ = false;      ///< by this side
  bool over_ = false;
  std::optional<std::chrono::milliseconds> silence_;  ///< while this side drains
  io::Timer quiet_;
};

}  // namespace ratls::tunnel
