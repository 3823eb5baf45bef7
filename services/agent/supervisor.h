/// Hands signals on to the agent's process, and says when it has ended.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include <signal.h>
#include <sys/types.h>

namespace ratls::agent {

/// From its construction on signals are held back for it, so make it before any other thread; they
/// go to the process once there is one. Threads: one, plus its own.
class Supervisor {
 public:
  Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// `ended` is called once, from another thread, with the exit code of a shell: the process's own,
  /// or 128 and the number of the signal that ended it.
  /// `hangup`, where it is given, is called from there for each SIGHUP in place of handing it on.
  void watch(pid_t pid, std::function<void(int)> ended, std::function<void()> hangup);

 private:
  void run(pid_t pid);

  sigset_t signals_{};
  std::function<void(int)> ended_;
  std::function<void()> hangup_;
  std::thread thread_;
};

}  // namespace ratls::agent
