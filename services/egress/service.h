/// The egress as a service: listens on loopback, and knows all conversations.
#pragma once

#include <list>
#include <map>
#include <set>

#include <ratls/services/egress/conversation.h>

namespace ratls::egress {

struct Limits {
  std::size_t connections = 512;
  std::chrono::milliseconds drain{10000};  ///< for what runs when stop() is called
  PoolLimits pool;
};

/// What it counts, for logs and metrics.
struct Counters {
  std::map<std::string, std::map<int, std::uint64_t>> requests;  ///< upstream, status / 100
  std::uint64_t blocked = 0;                                     ///< CONNECTs that are not allowed
  std::uint64_t tunnels = 0;                                     ///< CONNECTs, unattested
};

/// Threads: the loop's. `plan` is borrowed.
class Service {
 public:
  using Log = std::function<void(const Said&)>;
  Service(io::Loop& loop, const Plan& plan, Limits limits, Log log);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  /// Loopback or a Unix socket only: whoever reaches it speaks with the guest's secrets.
  /// Errors: invalid_config, connection_failed, io_error.
  Result<void> listen(const io::Endpoint& at);
  /// A listening socket that was made elsewhere, in another network namespace say. Errors:
  /// not_a_listener, io_error.
  Result<void> adopt(Descriptor socket);
  [[nodiscard]] std::string where() const;

  /// Opens one channel to each attested upstream ahead of need.
  void warm();
  /// No more connections; stops the loop when all are over, or after the drain limit.
  void stop();
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  void take(std::unique_ptr<io::Stream> stream);
  void ended(Conversation& conversation);
  void count(const Said& said);

  io::Loop& loop_;
  const Plan& plan_;
  Limits limits_;
  Log log_;
  Counters counters_;
  Pool pool_;
  std::unique_ptr<io::Listener> listener_;
  std::list<std::unique_ptr<Conversation>> running_;
  std::list<std::unique_ptr<Conversation>> gone_;
  io::Timer sweep_;
  io::Timer drain_;
  bool stopping_ = false;
};

}  // namespace ratls::egress
