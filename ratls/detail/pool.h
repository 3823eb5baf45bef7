/// The channels of a client that wait for their next use.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include <ratls/client.h>

namespace ratls::detail {

/// Which policies a configuration's verifiers judge by: how often each was given another.
class Generation {
 public:
  static Generation of(const ClientConfig& config);
  friend bool operator==(const Generation&, const Generation&) = default;

 private:
  std::array<std::uint64_t, 2> counts_{};
};

struct Pooled {
  Channel channel;
  Deadline born;         ///< when its handshake began
  Generation judged_by;  ///< of that moment: a policy that came later judged it too late
  Deadline waits_since{};
};

/// Threads: all functions may run at once. The lock is never held over I/O, nor while a channel
/// ends.
class Pool {
 public:
  Pool(Address server, ClientConfig config, PoolLimits limits)
      : server_(std::move(server)), config_(std::move(config)), limits_(limits) {}

  [[nodiscard]] const Address& server() const noexcept { return server_; }
  [[nodiscard]] const ClientConfig& config() const noexcept { return config_; }

  /// The youngest that is as good as new; nothing where there is none. What is not is dropped.
  std::optional<Pooled> take();
  void put(Pooled channel);
  std::size_t drop_stale();
  /// Drops all that wait; none is kept any more where `for_good`.
  void drop_all(bool for_good);
  [[nodiscard]] std::size_t size() const;

  Client::Dropped dropped;

 private:
  [[nodiscard]] Result<void> check_age(const Pooled& channel, Deadline now,
                                       const Generation& in_force) const;
  [[nodiscard]] Result<void> check(Pooled& channel) const;
  void end(Pooled channel, const Error& why) const;

  Address server_;
  ClientConfig config_;
  PoolLimits limits_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::vector<Pooled> idle_;  ///< the youngest last
  bool closed_ = false;
};

}  // namespace ratls::detail
