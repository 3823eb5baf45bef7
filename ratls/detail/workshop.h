/// The threads of a server: who wakes the one that waits, and those that run handlers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <thread>

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
  /// Says whether it rang.
  bool silence() const noexcept;

 private:
  Descriptor event_;
};

/// Channels that wait for a worker, and those that have one. Workers come when there is work and
/// none is free, and go when there is none for a while; one stays.
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

  struct Size {
    std::size_t most = 1;                   ///< threads at once; 0 is 1
    std::chrono::milliseconds rest{10000};  ///< a thread without work ends after that
  };

  /// `done` is called for every job, also for one that there was no memory or descriptor for.
  Workshop(Work work, Done done, Size size)
      : work_(std::move(work)), done_(std::move(done)), size_(size) {}
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() { join(); }

  /// The one that stays. Errors: io_error, where the system gives no more threads.
  Result<void> start();
  /// Where the system gives no thread for it, it waits for one that is there. Throws
  /// std::bad_alloc, and then `job` was not taken.
  void add(Job job);
  /// Ends the connections of all jobs, also of those that begin later; their handlers see it as a
  /// closed connection.
  void cut_off();
  void join();

 private:
  using Threads = std::list<std::thread>;

  Result<void> grow();
  void run(Threads::iterator self);
  bool wait_for_job(std::unique_lock<std::mutex>& lock, Threads::iterator self);
  void work_on(Job& job);

  Work work_;
  Done done_;
  Size size_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::set<int> active_;
  bool cut_ = false;
  bool closed_ = false;
  std::size_t free_ = 0;  ///< threads that wait for a job, or are about to
  Threads threads_;       ///< the first is the one that stays
  Threads gone_;          ///< have nothing left to do but to be joined
};

}  // namespace ratls::detail
