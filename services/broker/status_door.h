/// Metrics and status on a plain listener for this machine.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include <ratls/services/broker/http_answer.h>
#include <ratls/services/io/stream.h>

namespace ratls::broker {

/// One request a connection; GET /metrics and GET /v1/status. Nobody is asked who he is, so nothing
/// else is served: a request for a secret is answered by 401. Threads: the loop's.
class StatusDoor {
 public:
  using Page = std::function<Answer()>;
  StatusDoor(io::Loop& loop, Page metrics, Page status);
  StatusDoor(const StatusDoor&) = delete;
  StatusDoor& operator=(const StatusDoor&) = delete;
  ~StatusDoor();

  /// Errors: those of Listener::bind().
  Result<void> listen(const io::Endpoint& at);
  [[nodiscard]] std::string where() const;

 private:
  class Visit;
  [[nodiscard]] Answer answer(const std::string& head) const;
  void take(std::unique_ptr<io::Stream> stream);
  void over(Visit& visit);

  io::Loop& loop_;
  Page metrics_;
  Page status_;
  std::unique_ptr<io::Listener> listener_;
  std::list<std::unique_ptr<Visit>> visits_;
  std::list<std::unique_ptr<Visit>> gone_;
  io::Timer sweep_;
};

}  // namespace ratls::broker
