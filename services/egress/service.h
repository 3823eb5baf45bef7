/// The egress as a service: listens on loopback, and knows all conversations.
#pragma once

#include <list>
#include <optional>
#include <set>

#include <ratls/services/egress/metrics.h>
#include <ratls/services/status/door.h>

namespace ratls::egress {

/// Who may reach the listener.
enum class Reach : std::uint8_t {
  local,     ///< 127.0.0.1, ::1 or a Unix socket
  anywhere,  ///< whoever reaches it speaks with the guest's secrets: the operator said so
};

struct Limits {
  std::size_t connections = 512;
  std::chrono::milliseconds drain{10000};  ///< for what runs when stop() is called
  std::size_t blocked_names = 256;         ///< that are logged; all are counted
  PoolLimits pool;
};

/// Threads: the loop's. `clock` is borrowed.
class Service {
 public:
  using Log = std::function<void(const Said&)>;
  /// More families for the metrics page; may be empty.
  using Page = std::function<std::string()>;
  Service(io::Loop& loop, const Clock& clock, std::shared_ptr<const Plan> plan,
          const Limits& limits, Log log);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  /// Errors: invalid_config, connection_failed, io_error.
  Result<void> listen(const io::Endpoint& at, Reach reach);
  /// A listening socket that was made elsewhere, in another network namespace say. Errors:
  /// not_a_listener, io_error.
  Result<void> adopt(Descriptor socket);
  [[nodiscard]] std::string where() const;

  /// GET /metrics and /v1/status, for this machine only. `more` is called for each page.
  /// Errors: invalid_config, connection_failed, io_error.
  Result<void> open_status(const io::Endpoint& at, Page more);
  [[nodiscard]] std::string status_where() const;

  /// Puts another plan in force, as a whole: see Conversation::plan_replaced(). No channel that was
  /// judged under the old one carries another request.
  void replace(std::shared_ptr<const Plan> plan);
  /// Opens one channel to each attested upstream ahead of need.
  void warm();
  /// No more connections; stops the loop when all are over, or after the drain limit.
  void stop();

 private:
  void take(std::unique_ptr<io::Stream> stream);
  void ended(Conversation& conversation);
  void note(const Said& said);
  [[nodiscard]] std::string status_reply(const Result<http::RequestHead>& request) const;
  [[nodiscard]] std::string metrics_text() const;

  io::Loop& loop_;
  std::shared_ptr<const Plan> plan_;
  Limits limits_;
  Log log_;
  Page more_metrics_;
  Metrics metrics_;
  Pool pool_;
  std::set<std::string> blocked_;  ///< names that were logged
  std::unique_ptr<io::Listener> listener_;
  std::optional<status::Door> status_;
  std::list<std::unique_ptr<Conversation>> running_;
  std::list<std::unique_ptr<Conversation>> gone_;
  io::Timer sweep_;
  io::Timer drain_;
  bool stopping_ = false;
};

}  // namespace ratls::egress
