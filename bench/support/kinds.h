/// The kinds of sessions that bench/channel.cpp measures.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ratls/config.h>

#include "world.h"

namespace ratls::bench {

/// A simulated guest of its own; `latency`: of its firmware.
class Guest {
 public:
  explicit Guest(std::chrono::microseconds latency);
  [[nodiscard]] AttestedIdentity identity() const { return AttestedIdentity(attester_); }
  /// CPU time of its firmware's signatures: on hardware another processor's.
  [[nodiscard]] Nanoseconds spent() const noexcept { return firmware_->spent(); }
  /// A key pair with evidence over the key and no session (level 0), as `ratls cert new` makes it.
  [[nodiscard]] std::shared_ptr<const CertificateIdentity> key_bound(Role role) const;

 private:
  std::unique_ptr<Firmware> firmware_;
  std::shared_ptr<Attester> attester_;
};

/// The guests of one thread.
struct Guests {
  Guest guest{std::chrono::microseconds(0)};
  Guest peer{std::chrono::microseconds(0)};
  Guest slow{std::chrono::milliseconds(8)};  // docs/performance.md: Google Cloud, Milan
  [[nodiscard]] Nanoseconds spent() const noexcept {
    return guest.spent() + peer.spent() + slow.spent();
  }
};

/// Two configurations that fit together, made anew for each handshake.
struct Kind {
  std::string name;
  std::function<ClientConfig()> client;
  std::function<ServerConfig()> server;
  bool rated = false;  ///< handshakes a second are measured too
};

/// `plain_mutual` first. `guests` outlive them.
std::vector<Kind> kinds(const Guests& guests);

/// `count` handshakes of the kind `which` on each of `threads` threads; `of_thread` has their
/// kinds.
void run_on_threads(const std::vector<std::vector<Kind>>& of_thread, std::size_t which,
                    std::size_t threads, std::size_t count);

}  // namespace ratls::bench
