/// A plain HTTP listener for this machine: metrics and status, one request a connection.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include <ratls/core/http_head.h>
#include <ratls/core/result.h>
#include <ratls/services/io/stream.h>

namespace ratls::status {

/// Nobody is asked who he is, so nothing but figures may be served. At most 64 visitors at a time,
/// 10 s each. Threads: the loop's.
class Door {
 public:
  /// The whole answer, head and body, to a request; an error is a head that is not HTTP.
  using Reply = std::function<std::string(const Result<http::RequestHead>&)>;
  Door(io::Loop& loop, Reply reply);
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  ~Door();

  /// Errors: those of Listener::bind() and adopt().
  Result<void> listen(const io::Endpoint& at);
  Result<void> adopt(Descriptor socket);
  [[nodiscard]] std::string where() const;

 private:
  class Visit;
  void take(std::unique_ptr<io::Stream> stream);
  void over(Visit& visit);

  io::Loop& loop_;
  Reply reply_;
  io::Timer sweep_;
  std::unique_ptr<io::Listener> listener_;
  std::list<std::unique_ptr<Visit>> visits_;
  std::list<std::unique_ptr<Visit>> gone_;
};

}  // namespace ratls::status
