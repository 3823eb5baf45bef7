/// Who comes in when: handshakes that may run at once, and connections that wait for their turn.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <ratls/services/broker/config.h>
#include <ratls/services/io/held.h>
#include <ratls/tcp.h>

namespace ratls::broker {

/// Why a connection was closed without a handshake.
enum class TurnedAway : std::uint8_t {
  connections,  ///< `connections` are there already
  address,      ///< `connections_per_address` of its address are there already
  silent,       ///< it said nothing for as long as a handshake may take, or went away
  overlong,     ///< more than any first message of TLS
  waited,       ///< no handshake's place was free for it in that time
  stopping,     ///< the broker ends
};
inline constexpr std::size_t kTurnedAwayKinds = 6;
std::string_view name(TurnedAway why) noexcept;

/// The limits in force. A handshake takes some 70 KB on this side; of the memory that this process
/// may use (its control group's, or the machine's) a quarter is for handshakes where
/// limits.handshakes is not given, and 512 of them at most.
struct DoorstepLimits {
  std::uint64_t connections = 0;
  std::uint64_t per_address = 0;
  std::uint64_t handshakes = 0;
  std::uint64_t handshakes_per_address = 0;
  /// From accept() until the guest is judged, the time before its first byte included.
  std::chrono::milliseconds patience{20000};
};
/// `memory`: bytes that this process may use.
DoorstepLimits doorstep_limits(const BrokerLimits& limits, std::uint64_t memory);
/// What this process may use: memory.max of its control group, or the machine's memory.
std::uint64_t usable_memory();

/// Connections wait for a handshake's place in the order in which they came, once they have said
/// something: who only connects takes no place. An address that has all of its places is passed
/// over until it has a free one. Threads: the loop's.
class Doorstep {
 public:
  struct Calls {
    /// Begins a handshake that may take `left`. The place is taken until handshake_over().
    /// False: there is none, and the place is free again.
    std::function<bool(std::unique_ptr<io::Stream> stream, const std::string& from,
                       std::uint64_t door, std::chrono::milliseconds left)>
        begin;
    std::function<void(TurnedAway why, const std::string& from)> turned_away;
  };
  Doorstep(io::Loop& loop, DoorstepLimits limits, Calls calls);
  Doorstep(const Doorstep&) = delete;
  Doorstep& operator=(const Doorstep&) = delete;
  ~Doorstep();

  /// A new connection; `door` comes back by begin().
  void take(std::unique_ptr<io::Stream> stream, std::string from, std::uint64_t door);
  /// Of a connection that begin() took: the guest was judged, or is gone.
  void handshake_over(const std::string& from);
  /// It is gone. After handshake_over().
  void connection_over(const std::string& from);
  /// Turns away whoever comes. Who waits has been taken and goes on; who has said nothing yet, and
  /// does not within kLastWord, is turned away.
  void close();

  static constexpr std::chrono::milliseconds kLastWord{1000};

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::uint64_t handshakes() const noexcept { return handshakes_; }
  [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }
  [[nodiscard]] const DoorstepLimits& limits() const noexcept { return limits_; }

 private:
  struct Waiting {
    std::unique_ptr<io::HeldStream> stream;
    std::string from;
    PeerId peer;
    std::uint64_t door = 0;
    std::chrono::steady_clock::time_point since;
    bool spoke = false;
  };
  struct Address {
    std::uint64_t connections = 0;
    std::uint64_t handshakes = 0;
  };
  using Place = std::list<Waiting>::iterator;

  void turn_away(Place at, TurnedAway why);
  void let_in();
  void look_again();
  bool let_one_in();
  void watch();

  io::Loop& loop_;
  DoorstepLimits limits_;
  Calls calls_;
  std::list<Waiting> waiting_;  ///< in the order in which they came
  std::list<Waiting> gone_;     ///< turned away inside a call of theirs
  std::map<PeerId, Address> addresses_;
  std::uint64_t connections_ = 0;  ///< waiting ones too
  std::uint64_t handshakes_ = 0;
  bool closed_ = false;
  io::Timer patience_;
  io::Timer last_word_;
  io::Timer sweep_;
};

}  // namespace ratls::broker
