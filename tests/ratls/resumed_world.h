/// A world whose broker gives tickets and whose guest keeps them.
#pragma once

#include <atomic>

#include <ratls/detail/ticket_desk.h>
#include <ratls/detail/ticket_purse.h>

#include "attested_world.h"

namespace ratls::test {

/// A clock that a test can turn, or take away.
class MovingClock final : public Clock {
 public:
  [[nodiscard]] std::optional<Timestamp> now() const override;
  void turn(std::int64_t seconds) { by_ += seconds; }
  void lose() { lost_ = true; }
  /// How often somebody asked.
  [[nodiscard]] int asked() const { return asked_; }

 private:
  mutable std::atomic<int> asked_{0};
  std::int64_t by_ = 0;
  bool lost_ = false;
};

class ResumedWorld {
 public:
  explicit ResumedWorld(const WorldOptions& options = {}, TicketIssuer::Rules rules = {});

  /// A guest that keeps its tickets in `wallet`.
  [[nodiscard]] ClientConfig guest(std::shared_ptr<TicketWallet> wallet) const;
  [[nodiscard]] ServerConfig broker() const;
  /// An empty one.
  [[nodiscard]] static std::shared_ptr<TicketWallet> wallet();
  /// One with a ticket that was never shown. The first costs a full handshake; later ones are the
  /// same session of TLS sealed again, as if as many connections had stood.
  [[nodiscard]] std::shared_ptr<TicketWallet> wallet_with_ticket();
  /// Another wallet with a copy of the ticket in `wallet`, as whoever stole it has it. `change`
  /// may spoil it: TLS's session, as mbedTLS saves it, which ends with the ticket.
  std::shared_ptr<TicketWallet> copy_of(
      const std::shared_ptr<TicketWallet>& wallet,
      const std::function<void(Bytes&)>& change = [](Bytes&) {}) const;
  /// TLS's session in `wallet`, which keeps it.
  Bytes session_in(const std::shared_ptr<TicketWallet>& wallet) const;
  /// What the issuer remembers of the ticket in `wallet`.
  detail::AcceptedBefore behind(const std::shared_ptr<TicketWallet>& wallet);
  /// What such a ticket is good for.
  [[nodiscard]] detail::TicketFor use() const;
  [[nodiscard]] detail::TicketDesk& desk() { return detail::desk_of(*issuer); }

  AttestedWorld world;
  MovingClock clock;
  std::shared_ptr<Verifier> verifier;
  std::shared_ptr<TicketIssuer> issuer;

 private:
  struct Parts {
    std::size_t ticket_size = 0;
    Bytes server_session;
    detail::AcceptedBefore accepted;
  };
  void make_model();
  Parts parts_of(const Bytes& client_session);

  Bytes client_session_;  ///< as mbedTLS saves it; ends with the ticket
  Bytes server_session_;
  Bytes server_spki_;
  detail::AcceptedBefore accepted_;
  detail::TicketPurse::Clock::time_point since_;
};

/// Both sides of a connection that has run as far as it can, with the server's VERDICT read.
struct AcceptedPair {
  AcceptedPair(const ClientConfig& guest, const ServerConfig& broker);
  [[nodiscard]] bool open() const;
  [[nodiscard]] bool resumed() const;  ///< says the server; the client must agree
  SessionPair pair;
  Result<bool> accepted;
};

/// Goes as far as it can, and takes all that it has to say.
Bytes output_of(Session& session);

}  // namespace ratls::test
