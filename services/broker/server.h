/// The key broker: one event loop, many guests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ratls/activation.h>
#include <ratls/core/clock.h>
#include <ratls/services/broker/config.h>
#include <ratls/services/broker/journal.h>
#include <ratls/services/io/loop.h>

namespace ratls::broker {

/// Threads: the loop's, but for what libuv's pool does on its behalf.
class Server {
 public:
  /// Opens everything that the configuration names and listens. `config_path` is read again by
  /// reload(). `sockets` stand in place of addresses (doors_of()). All other arguments are borrowed
  /// and must outlive the server. Errors: those of doors_of(), parts.h, AuditLog and Listener.
  static Result<std::unique_ptr<Server>> open(io::Loop& loop, const std::string& config_path,
                                              const Clock& clock, const Journal& journal,
                                              std::vector<InheritedSocket> sockets = {});
  Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server() = default;

  /// Reads policy, release rules and identity again. What is refused changes nothing. A guest that
  /// is being judged is judged by the policy it began with; a channel that an older policy opened
  /// gets the answer that is under way and no other.
  virtual void reload() = 0;
  /// Takes no more; lets what runs end within limits.drain, then stops the loop. A second call
  /// stops it at once.
  virtual void stop() = 0;
  /// The relaxations of the policy in force, a sentence each.
  [[nodiscard]] virtual std::vector<std::string> dangers() const = 0;
  /// What guests pin.
  [[nodiscard]] virtual std::string pin() const = 0;
  /// Where it listens; empty for what is not there.
  struct Where {
    std::string plain;
    std::string framed;
    std::string status;
    std::string inherited;  ///< which of these were handed over, by their keys in broker.json
  };
  [[nodiscard]] virtual Where where() const = 0;
  /// Handshakes that may run at once.
  [[nodiscard]] virtual std::uint64_t handshakes() const = 0;
};

}  // namespace ratls::broker
