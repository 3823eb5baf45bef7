/// What a TicketIssuer keeps, and how its tickets are sealed. Knows no TLS.
#pragma once

#include <atomic>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/seal.h>
#include <ratls/core/secret.h>
#include <ratls/tickets.h>
#include <ratls/verify/kept_evidence.h>

namespace ratls::detail {

/// For what a ticket is good: the server's key and the ALPN protocol of the session.
Sha256Digest ticket_use(ByteView server_spki, std::string_view alpn) noexcept;

/// Evidence that was accepted, and when by the monotonic clock.
struct AcceptedBefore {
  std::shared_ptr<const KeptEvidence> evidence;
  std::chrono::steady_clock::time_point since;
};

/// Threads: all functions may run at once.
class TicketDesk {
 public:
  using Clock = std::chrono::steady_clock;
  using Rules = TicketIssuer::Rules;

  /// A ticket that was given. Whoever looked it up shares it, so that one of them uses it.
  using Id = FixedBytes<16, struct TicketIdTag>;
  class Entry {
   public:
    Entry(const Id& id, AcceptedBefore accepted) : id_(id), accepted_(std::move(accepted)) {}
    [[nodiscard]] const AcceptedBefore& accepted() const noexcept { return accepted_; }

   private:
    friend class TicketDesk;
    Id id_;
    AcceptedBefore accepted_;
    std::atomic<bool> used_{false};
  };
  struct Opened {
    std::shared_ptr<Entry> entry;
    std::size_t session_size = 0;
  };

  TicketDesk(Rules rules, SecretBytes key) : rules_(rules), key_(std::move(key)) {}

  /// A ticket for a session of TLS that rests on `accepted`; remembers it. Errors: internal for a
  /// session longer than mbedTLS's are.
  Result<Bytes> seal(ByteView session, const AcceptedBefore& accepted, const Sha256Digest& use);
  /// Looks into a ticket and writes the session of TLS in it; changes nothing.
  /// Errors: ticket_unknown (not of this desk or for this use, used, forgotten), ticket_expired.
  Result<Opened> open(ByteView ticket, const Sha256Digest& use, std::span<std::uint8_t> session);
  /// The one use of a ticket, for whoever has proved to hold its PSK. Errors: ticket_used.
  Result<void> take(Entry& entry);

  [[nodiscard]] std::chrono::seconds lifetime() const noexcept { return rules_.lifetime; }
  /// Of the lifetime of what was accepted; zero or less where it is over.
  [[nodiscard]] std::chrono::seconds left(const AcceptedBefore& accepted) const;
  [[nodiscard]] std::size_t remembered() const;
  void forget_all() noexcept;

 private:
  using Places = std::list<std::shared_ptr<Entry>>;

  [[nodiscard]] Bytes head_of(const Id& id, const KeptEvidence& evidence) const;
  [[nodiscard]] std::shared_ptr<Entry> find(const Id& id) const;
  void remember(std::shared_ptr<Entry> entry);
  void forget(Places::iterator place);
  [[nodiscard]] seal::Key key() const;

  const Rules rules_;
  const SecretBytes key_;
  mutable std::mutex mutex_;  ///< guards what follows
  Places places_;             ///< in the order of giving
  std::map<Id, Places::iterator> by_id_;
};

}  // namespace ratls::detail
