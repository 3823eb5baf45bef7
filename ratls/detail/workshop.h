/// The threads of a server: who wakes the one that waits, and those that run handlers.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/session.h>
#include <ratls/tcp.h>

namespace ratls::detail {

/// Wakes poll(2); shared with the Attester's thread, which may outlive the server.
class Bell {
 public:
  Bell();
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  void ring() const noexcept;
  void silence() const noexcept;

 private:
  Descriptor event_;
};

/// Channels that wait for a worker, and those that have one.
/// Threads: start() and join() by one thread, the rest by any.
class Workshop {
 public:
  struct Job {
    std::shared_ptr<const ServerConfig> config;  ///< outlives the session
    Descriptor socket;
    Session session;
    std::string from;
  };
  using Work = std::function<void(Job&)>;
  using Done = std::function<void(const std::string& from)>;

  /// `done` is called for every job, also for one that there was no memory or descriptor for.
  Workshop(Work work, Done done) : work_(std::move(work)), done_(std::move(done)) {}
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() { join(); }

  /// Errors: io_error, where the system gives no more threads.
  Result<void> start(std::size_t count);
  /// Throws std::bad_alloc, and then `job` was not taken.
  void add(Job job);
  /// Ends the connections of all jobs, also of those that begin later; their handlers see it as a
  /// closed connection.
  void cut_off();
  void join();

 private:
  void run();
  void work_on(Job& job);

  Work work_;
  Done done_;
  std::mutex mutex_;  ///< guards what follows, but for the threads
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::set<int> active_;
  bool cut_ = false;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ratls::detail
