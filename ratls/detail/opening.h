/// A connection of a server's on its way to a channel, without a thread.
#pragma once

#include <string>

#include <ratls/config.h>
#include <ratls/session.h>
#include <ratls/tcp.h>

namespace ratls::detail {

/// Threads: one at a time; only the wake-up of wake_by() comes from another.
class Opening {
 public:
  enum class State : std::uint8_t {
    going_on,  ///< waits for the peer, for room to write, or for this side's evidence
    open,      ///< take() it
    over,      ///< failed(); the peer has been told as far as it listens
  };

  Opening(Descriptor socket, std::string from, Session session,
          std::shared_ptr<const ServerConfig> config);

  /// Goes as far as it can without waiting, and reads at most 64 KiB: where more has come, poll(2)
  /// says so at once.
  State advance();
  /// What poll(2) should wait for; 0 while only evidence is missing.
  [[nodiscard]] short events() const;
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  /// When advance() has to be called even if nothing has happened.
  [[nodiscard]] Deadline deadline() const;
  [[nodiscard]] const std::string& from() const noexcept { return from_; }
  /// `wake` is called when this side's evidence is there; it may only wake somebody.
  void wake_by(std::function<void()> wake) { wake_ = std::move(wake); }

  [[nodiscard]] const Error* failed() const { return failure_ ? &*failure_ : nullptr; }
  [[nodiscard]] const Verdict* verdict() const { return session_.verdict(); }
  /// What it was taken under, for as long as its session lives.
  [[nodiscard]] const std::shared_ptr<const ServerConfig>& config() const noexcept {
    return config_;
  }
  /// What is open.
  Session take_session() { return std::move(session_); }
  Descriptor take_socket() { return std::move(socket_); }

 private:
  bool receive();
  bool send();
  State end(Error why);
  void await_evidence();

  std::shared_ptr<const ServerConfig> config_;  ///< outlives the session
  Descriptor socket_;
  std::string from_;
  Session session_;
  Deadline drained_by_{};  ///< of a refused peer
  std::function<void()> wake_;
  std::optional<Error> failure_;
  std::size_t dropped_ = 0;
  bool awaiting_ = false;
  bool peer_ended_ = false;
  bool ending_ = false;  ///< this side's sending has ended; only a refused peer's rest is read
};

}  // namespace ratls::detail
