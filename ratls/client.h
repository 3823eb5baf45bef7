/// A client of one server that keeps its channels for their next use.
///
/// Opening a channel costs a handshake and often a report of the firmware; an open one carries many
/// exchanges. A Lease has a channel for one exchange. The client hands out the youngest that waits
/// and is as good as new, and connects where there is none.
///
/// What waits is bounded, and is never handed out again where the peer has closed it or said
/// anything meanwhile, where it waited or lived too long, where few records are left to its keys,
/// or where a policy of the configuration's verifiers was replaced since its handshake began: a new
/// channel, judged by the policy of now, takes its place. Each lease has its channel for itself,
/// and no lock is held while anybody waits for the network. There is no thread: what is stale is
/// looked for in connect(), give_back() and drop_stale().
///
/// Framed, with reattestation: a lease may ask for fresh evidence (Channel::request_evidence), and
/// counts as judged when its handshake was, all the same. A REQUEST of the server's is answered
/// while somebody uses the channel; where one arrives while it waits, the channel is dropped. So a
/// server asks before it answers, and not in between.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <ratls/channel.h>
#include <ratls/config.h>
#include <ratls/tcp.h>

namespace ratls {

namespace detail {
class Pool;
struct Pooled;
}  // namespace detail

struct PoolLimits {
  std::size_t idle = 8;                       ///< channels that wait at once; 0 keeps none
  std::chrono::milliseconds max_idle{30000};  ///< how long one may wait: less than the server does
  std::chrono::milliseconds max_age{
      3600000};  ///< since its handshake began; then a new one is judged
};

/// A channel for one exchange. Closes it when it ends without give_back(): what an error cut off
/// must not reach whoever comes next. An empty lease (moved from, or given back) has no channel;
/// using it is a bug and aborts. Threads: one at a time. May outlive its client.
class Lease {
 public:
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();

  [[nodiscard]] Channel& operator*() const noexcept;
  [[nodiscard]] Channel* operator->() const noexcept { return &**this; }
  /// Was it used before? Then the peer may have closed it just now, and what can be said twice may
  /// be said again over Client::connect_anew().
  [[nodiscard]] bool reused() const noexcept;

  /// The exchange is over: all of the answer was read. Keeps the channel where it is at rest and
  /// good for another use, and closes it where not (Client::on_drop says why). Waits for nothing.
  void give_back() noexcept;

 private:
  friend class Client;
  Lease(std::shared_ptr<detail::Pool> pool, detail::Pooled channel, bool reused);

  std::shared_ptr<detail::Pool> pool_;
  std::unique_ptr<detail::Pooled> channel_;
  bool reused_ = false;
};

/// What connecting came to: a lease, or why not.
struct LeaseResult {
  Result<Lease> lease;
  std::optional<Verdict> verdict;  ///< over the server's evidence, where a handshake got that far
};

/// Threads: all functions may run at once, but for on_drop().
class Client {
 public:
  /// Why a channel was not kept: channel_busy, channel_retired, record_limit_reached,
  /// connection_closed, and whatever ended it. Runs in the thread of whoever called, must not call
  /// the client, and no exception may leave it.
  using Dropped = std::function<void(const Error& why)>;

  /// `config` is fixed from here on; what can change is the policy of its verifiers.
  Client(Address server, ClientConfig config, PoolLimits limits = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// Closes what waits. Leases go on.
  ~Client();

  /// Set it before the first connect().
  void on_drop(Dropped dropped);

  /// A channel that waits, or a new one: within handshake_limit(config) and before `deadline`, as
  /// ratls::connect(). On an attested client a new one's first read waits for the server's VERDICT;
  /// one that waited was accepted. Errors: those of ratls::connect().
  LeaseResult connect(Deadline deadline = kNoDeadline);
  /// A new one always.
  LeaseResult connect_anew(Deadline deadline = kNoDeadline);

  /// Closes what has waited or lived too long, or was judged by a policy that was replaced; says
  /// how many. For a program's own timer.
  std::size_t drop_stale();
  /// Closes all that wait.
  void drop_all();
  /// How many wait.
  [[nodiscard]] std::size_t idle() const;

 private:
  std::shared_ptr<detail::Pool> pool_;
};

}  // namespace ratls
