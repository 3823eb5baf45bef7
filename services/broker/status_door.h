/// Metrics and status on a plain listener for this machine.
#pragma once

#include <functional>
#include <utility>

#include <ratls/services/broker/http_answer.h>
#include <ratls/services/status/door.h>

namespace ratls::broker {

/// One request a connection; GET /metrics and GET /v1/status. Nobody is asked who he is, so nothing
/// else is served: a request for a secret is answered by 401. Threads: the loop's.
class StatusDoor {
 public:
  using Page = std::function<Answer()>;
  StatusDoor(io::Loop& loop, Page metrics, Page status);

  /// Errors: those of Listener::bind() and adopt().
  Result<void> listen(const io::Endpoint& at) { return door_.listen(at); }
  Result<void> adopt(Descriptor socket) { return door_.adopt(std::move(socket)); }
  [[nodiscard]] std::string where() const { return door_.where(); }

 private:
  [[nodiscard]] Answer answer(const Result<http::RequestHead>& request) const;

  Page metrics_;
  Page status_;
  status::Door door_;
};

}  // namespace ratls::broker
