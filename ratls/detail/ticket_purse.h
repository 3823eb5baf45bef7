/// What a TicketWallet keeps.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <ratls/certgen/identity.h>
#include <ratls/core/bytes.h>
#include <ratls/core/secret.h>
#include <ratls/tickets.h>

namespace ratls::detail {

/// For which connections a ticket is: a field that differs means another ticket.
struct TicketFor {
  Sha256Digest pin;
  std::vector<std::string> alpn;
  AttestedIdentity guest;
};

/// A ticket of a server, as mbedTLS saves it, and what the client knew of that server.
struct CarriedTicket {
  SecretBytes session;
  Bytes server_spki;
  std::chrono::steady_clock::time_point since;  ///< of the full handshake
};

/// Threads: all functions may run at once.
class TicketPurse {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TicketPurse(std::size_t most) : most_(most) {}

  void put(TicketFor use, CarriedTicket ticket);
  /// The newest that fits, which is not here any more. What has ended goes too.
  std::optional<CarriedTicket> take(const TicketFor& use);
  [[nodiscard]] std::size_t size() const;
  void clear() noexcept;

 private:
  struct Kept {
    TicketFor use;
    CarriedTicket ticket;
  };

  void drop_ended();

  const std::size_t most_;
  mutable std::mutex mutex_;  ///< guards `kept_`
  std::list<Kept> kept_;      ///< the oldest first
};

}  // namespace ratls::detail
