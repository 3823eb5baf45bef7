#include <ratls/services/broker/doorstep.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

namespace ratls::broker {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMostHandshakes = 512;
constexpr std::uint64_t kFewestHandshakes = 8;
constexpr std::uint64_t kBytesOfHandshake = 72 * 1024;

std::chrono::milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

}  // namespace

std::string_view name(TurnedAway why) noexcept {
  constexpr std::array<std::string_view, kTurnedAwayKinds> kNames{
      "connections", "address", "silent", "overlong", "waited", "stopping"};
  return kNames.at(static_cast<std::size_t>(why));
}

DoorstepLimits doorstep_limits(const BrokerLimits& limits, std::uint64_t memory) {
  DoorstepLimits out;
  out.connections = limits.connections;
  out.per_address = limits.per_address;
  const std::uint64_t fit = memory / 4 / kBytesOfHandshake;
  out.handshakes = limits.handshakes.value_or(std::clamp(fit, kFewestHandshakes, kMostHandshakes));
  const std::uint64_t share = std::max<std::uint64_t>(1, out.handshakes / 4);
  out.handshakes_per_address = limits.handshakes_per_address.value_or(share);
  return out;
}

std::uint64_t usable_memory() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  std::uint64_t out = pages * static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  std::ifstream group("/proc/self/cgroup");
  for (std::string line; std::getline(group, line);) {
    if (!line.starts_with("0::")) continue;
    std::ifstream file("/sys/fs/cgroup" + line.substr(3) + "/memory.max");
    std::string text;
    std::uint64_t limit = 0;
    if (!std::getline(file, text)) continue;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (read.ec == std::errc() && limit > 0) out = std::min(out, limit);
  }
  return out;
}

Doorstep::Doorstep(io::Loop& loop, DoorstepLimits limits, Calls calls)
    : loop_(loop),
      limits_(limits),
      calls_(std::move(calls)),
      patience_(loop),
      last_word_(loop),
      sweep_(loop) {}

Doorstep::~Doorstep() = default;

void Doorstep::take(std::unique_ptr<io::Stream> stream, std::string from, std::uint64_t door) {
  if (closed_) return calls_.turned_away(TurnedAway::stopping, from);
  if (connections_ >= limits_.connections) {
    return calls_.turned_away(TurnedAway::connections, from);
  }
  const PeerId peer = peer_id(from);
  Address& address = addresses_[peer];
  if (address.connections >= limits_.per_address) {
    return calls_.turned_away(TurnedAway::address, from);
  }
  ++address.connections;
  ++connections_;
  waiting_.push_back({std::make_unique<io::HeldStream>(loop_, std::move(stream)), std::move(from),
                      peer, door, Clock::now(), false});
  const Place at = std::prev(waiting_.end());
  if (waiting_.size() == 1) watch();
  at->stream->hold(
      [this, at] {
        at->spoke = true;
        let_in();
      },
      [this, at] {
        turn_away(at, at->stream->overlong() ? TurnedAway::overlong : TurnedAway::silent);
      });
}

void Doorstep::turn_away(Place at, TurnedAway why) {
  const std::string from = at->from;
  gone_.splice(gone_.end(), waiting_, at);
  look_again();
  connection_over(from);
  calls_.turned_away(why, from);
}

void Doorstep::let_in() {
  while (handshakes_ < limits_.handshakes && let_one_in()) {
  }
}

bool Doorstep::let_one_in() {
  const Place at = std::find_if(waiting_.begin(), waiting_.end(), [this](const Waiting& each) {
    return each.spoke && addresses_[each.peer].handshakes < limits_.handshakes_per_address;
  });
  if (at == waiting_.end()) return false;
  Waiting next = std::move(*at);
  gone_.splice(gone_.end(), waiting_, at);
  look_again();
  ++handshakes_;
  ++addresses_[next.peer].handshakes;
  const auto left = limits_.patience - since(next.since);
  if (!calls_.begin(std::move(next.stream), next.from, next.door, left)) {
    handshake_over(next.from);
    connection_over(next.from);
  }
  return true;
}

void Doorstep::handshake_over(const std::string& from) {
  --handshakes_;
  --addresses_[peer_id(from)].handshakes;
  look_again();
}

// When the loop turns: what calls it may be in the middle of a call of a stream's.
void Doorstep::look_again() {
  sweep_.start(0ms, [this] {
    gone_.clear();
    let_in();
  });
}

void Doorstep::connection_over(const std::string& from) {
  --connections_;
  const auto at = addresses_.find(peer_id(from));
  if (at != addresses_.end() && --at->second.connections == 0) addresses_.erase(at);
}

// The first is the one that waits longest.
void Doorstep::watch() {
  if (waiting_.empty()) return;
  const auto left = limits_.patience - since(waiting_.front().since);
  patience_.start(std::max<std::chrono::milliseconds>(left, 1ms), [this] {
    while (!waiting_.empty() && since(waiting_.front().since) >= limits_.patience) {
      const bool spoke = waiting_.front().spoke;
      turn_away(waiting_.begin(), spoke ? TurnedAway::waited : TurnedAway::silent);
    }
    watch();
  });
}

void Doorstep::close() {
  if (std::exchange(closed_, true)) return;
  last_word_.start(kLastWord, [this] {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const Place here = at++;
      if (!here->spoke) turn_away(here, TurnedAway::stopping);
    }
  });
}

}  // namespace ratls::broker
