/// A plain server behind a tunnel, and a service that runs in a thread of its own.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <ratls/services/tunnel/service.h>
#include <ratls/tcp.h>

namespace ratls::test {

/// Throws where there is an error.
void must(const Result<void>& done);

/// Hands each connection to `serve` in a thread.
class Backend {
 public:
  using Serve = std::function<void(Transport&)>;
  explicit Backend(Serve serve);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  ~Backend();
  [[nodiscard]] io::Endpoint where() const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  Serve serve_;
  TcpListener listener_;
  std::atomic<int> connections_{0};
  std::atomic<bool> ended_{false};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Sends back what comes, until the other side ends, then ends too.
void echo(Transport& stream);
/// Reads to the end; the error where it ends by one.
Result<std::string> read_all(Transport& stream, std::chrono::milliseconds limit);

/// A tunnel service that listens, in a thread.
class RunningService {
 public:
  explicit RunningService(tunnel::Plan plan, tunnel::Limits limits = {},
                          const std::string& listen = "127.0.0.1:0");
  RunningService(const RunningService&) = delete;
  RunningService& operator=(const RunningService&) = delete;
  ~RunningService();

  [[nodiscard]] Address address() const;
  [[nodiscard]] const std::string& where() const { return where_; }
  void stop();                      ///< as SIGTERM does
  void replace(tunnel::Plan plan);  ///< as SIGHUP does
  void join();
  /// How tunnels ended, so far: "closed", a reason code, or "turned away".
  [[nodiscard]] std::vector<std::string> ends() const;
  /// Waits until `count` of them have.
  [[nodiscard]] bool wait_for_ends(std::size_t count) const;

 private:
  void note(std::string end);

  io::Loop loop_;
  std::shared_ptr<io::Inbox> inbox_;
  mutable std::mutex mutex_;
  std::vector<std::string> ends_;
  std::unique_ptr<tunnel::Service> service_;
  std::string where_;
  std::thread thread_;
};

}  // namespace ratls::test
