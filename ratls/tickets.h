/// Resumption, for those who ask for it: an attested guest that was accepted comes back within
/// minutes without new evidence (docs/protocol.md, section 9; docs/decisions/0012).
///
///   server.tickets = TicketIssuer::create().value();  // one, as long as the server runs
///   client.tickets = TicketWallet::create().value();  // one for all connections to it
///
/// Off unless a configuration names one of these objects. What a resumed session proves is less
/// than evidence: that its ticket came back with its PSK, a bearer secret of the client's memory.
/// Its level is Level::resumed, and peer and verdict say how old the evidence is.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <ratls/core/result.h>

namespace ratls {

class TicketIssuer;
class TicketWallet;

namespace detail {
class TicketDesk;
class TicketPurse;
TicketDesk& desk_of(TicketIssuer& issuer) noexcept;
TicketPurse& purse_of(TicketWallet& wallet) noexcept;
}  // namespace detail

/// For servers: gives a ticket to each guest whose evidence was accepted, and remembers that
/// evidence to judge it again under the policy, lists and clock of then. One object for all
/// connections and configurations of a server.
///
/// Its key is random, lives in guarded memory and dies with the object: a restarted process, or
/// another one, takes no ticket of this one. A ticket opens one session; that holds within one
/// process and its object, not over a fork(). Whatever is wrong with a ticket that a client shows,
/// the client goes through a full handshake. Threads: share freely.
class TicketIssuer {
 public:
  static constexpr std::chrono::seconds kMaxLifetime{600};
  static constexpr std::size_t kMaxRemembered = 65536;

  struct Rules {
    /// From the acceptance of the evidence, also over several resumptions; 1 s to kMaxLifetime.
    std::chrono::seconds lifetime{300};
    /// Tickets that are remembered, about 10 KiB each; 1 to kMaxRemembered. The oldest goes first.
    std::size_t remembered = 1024;
  };

  /// Errors: invalid_config for rules beyond the limits; io_error where guarded memory is not to be
  /// had.
  static Result<std::shared_ptr<TicketIssuer>> create(Rules rules);
  static Result<std::shared_ptr<TicketIssuer>> create() { return create(Rules()); }
  TicketIssuer(const TicketIssuer&) = delete;
  TicketIssuer& operator=(const TicketIssuer&) = delete;
  ~TicketIssuer();

  [[nodiscard]] std::chrono::seconds lifetime() const noexcept;
  /// How many tickets it would take now, if they came.
  [[nodiscard]] std::size_t remembered() const;
  /// Takes none of the tickets that were given so far. Sessions that are open stay open.
  void forget_all() noexcept;

 private:
  friend detail::TicketDesk& detail::desk_of(TicketIssuer& issuer) noexcept;
  explicit TicketIssuer(std::unique_ptr<detail::TicketDesk> desk) noexcept;
  std::unique_ptr<detail::TicketDesk> desk_;
};

/// For attested clients: keeps the tickets that servers gave, and shows each once, to the server
/// with the same pinned key, for the same ALPN protocols and the same Attester. A ticket is kept
/// only once the server's VERDICT accepted this guest, for at most TicketIssuer::kMaxLifetime from
/// the full handshake.
///
/// Whoever reads a ticket with its PSK is this client, once with it and with the tickets that he is
/// given in turn, until the lifetime has passed since the evidence. They lie in guarded memory
/// here, and in TLS's own while their connection is open. Threads: share freely.
class TicketWallet {
 public:
  static constexpr std::size_t kMaxTickets = 64;

  /// Keeps at most `most` tickets, 1 to kMaxTickets; the oldest goes first. Errors: invalid_config.
  static Result<std::shared_ptr<TicketWallet>> create(std::size_t most = 8);
  TicketWallet(const TicketWallet&) = delete;
  TicketWallet& operator=(const TicketWallet&) = delete;
  ~TicketWallet();

  /// How many tickets it holds, some of which may have ended.
  [[nodiscard]] std::size_t size() const;
  /// Wipes all tickets: every connection from now on is a full handshake.
  void clear() noexcept;

 private:
  friend detail::TicketPurse& detail::purse_of(TicketWallet& wallet) noexcept;
  explicit TicketWallet(std::unique_ptr<detail::TicketPurse> purse) noexcept;
  std::unique_ptr<detail::TicketPurse> purse_;
};

}  // namespace ratls
