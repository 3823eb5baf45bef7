/// Channels that were judged and wait for work, so that a first token does not pay a handshake.
#pragma once

#include <list>
#include <map>

#include <ratls/services/egress/link.h>

namespace ratls::egress {

/// How many wait, and for how long.
struct PoolLimits {
  std::size_t idle_per_upstream = 16;
  std::chrono::milliseconds idle{30000};        ///< shorter than servers wait
  std::chrono::milliseconds lifetime{3600000};  ///< then a channel is judged anew
};

/// One use after another, never two at once. A link that ends or says anything while nobody uses it
/// is dropped there and then; one whose peer was accepted by what is no longer valid, or under
/// rules that were replaced, is never handed out. Threads: the loop's.
class Pool {
 public:
  /// `clock` is borrowed; where it does not know the time nothing attested waits. `report` may be
  /// null; see Link.
  Pool(io::Loop& loop, PoolLimits limits, const Clock& clock, Link::Report report = nullptr)
      : loop_(loop), limits_(limits), clock_(clock), report_(std::move(report)) {}

  struct Taken {
    std::unique_ptr<Link> link;
    std::chrono::steady_clock::time_point born;
    std::uint64_t era = 0;  ///< of the rules by which it was judged
    bool used = false;      ///< it waited here; else open() it
  };
  /// One that waits for this upstream, or a new one that is not opened yet.
  Taken take(const std::shared_ptr<const Upstream>& upstream);
  Taken fresh(const std::shared_ptr<const Upstream>& upstream);
  void give_back(Taken taken);
  /// Opens one ahead of need, where none waits or is on its way.
  void warm(const std::shared_ptr<const Upstream>& upstream);
  /// What they were judged by no longer holds: forgets all that wait, and takes back none of those
  /// that are in use.
  void clear();
  [[nodiscard]] std::size_t size() const noexcept { return idle_.size(); }

 private:
  struct Idle {
    Idle(io::Loop& loop, Taken waiting) : taken(std::move(waiting)), limit(loop) {}
    Taken taken;
    io::Timer limit;
  };
  using Place = std::list<Idle>::iterator;

  [[nodiscard]] bool holds(const Taken& taken) const;
  void drop(const Link* link);
  Link::Events watch(Link* link);

  io::Loop& loop_;
  PoolLimits limits_;
  const Clock& clock_;
  Link::Report report_;
  std::uint64_t era_ = 0;
  std::list<Idle> idle_;
  std::list<Taken> opening_;
};

}  // namespace ratls::egress
