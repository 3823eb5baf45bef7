/// A TCP server on the loopback that does to its clients what a test says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ratls::test {

/// One connection at a time, in a thread of its own; ended with this object.
class LocalServer {
 public:
  /// What is done with a connection, once its request has come (up to an empty line). Returning
  /// closes it.
  using Serve = std::function<void(int fd)>;
  explicit LocalServer(Serve serve);
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;
  ~LocalServer();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void work();

  const Serve serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// Sends all of it, as far as the peer takes it.
void send_text(int fd, const std::string& text);

/// A whole HTTP/1.1 answer.
std::string http_answer(const std::string& body, const std::string& status = "200 OK");

}  // namespace ratls::test
