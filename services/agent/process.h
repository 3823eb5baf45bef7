/// The agent's process: forked before any secret exists, shut in, started when all is ready.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::agent {

/// How it is shut in.
struct Cell {
  std::vector<std::string> command;
  bool isolated = true;    ///< own network namespace, with loopback only
  std::uint16_t port = 0;  ///< where it finds the egress on 127.0.0.1; 0: there is none
  std::string user;        ///< whose rights it gets; empty: those of this process
};

/// A process that waits in its cell. Made while this process has one thread and no secret: what a
/// fork copies is what the program could find. Threads: one.
class Process {
 public:
  /// Forks, and waits until the cell is shut and the process has no rights but its user's.
  /// Errors: isolation_failed, with the fix; device_exposed (that user could attest this guest);
  /// invalid_config (no such user); io_error.
  static Result<Process> prepare(const Cell& cell);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  /// Kills it where it was not started, and closes the socket.
  ~Process();

  /// The listening socket inside its namespace, for the egress; -1 where there is none. The caller
  /// closes it.
  [[nodiscard]] int take_listener() noexcept;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// The home of its user.
  [[nodiscard]] const std::string& home() const noexcept { return home_; }

  /// Sends the environment and has it execute the command. What `secrets` hold follows the
  /// variables, never a copy outside guarded memory and the socket.
  /// Errors: exec_failed, with errno() for the exit code.
  Result<void> start(const std::map<std::string, std::string>& variables,
                     const std::map<std::string, const SecretBytes*>& secrets);

 private:
  Process(pid_t pid, int socket) : pid_(pid), socket_(socket) {}

  pid_t pid_ = -1;
  int socket_ = -1;
  int listener_ = -1;
  bool started_ = false;
  std::string home_;
};

}  // namespace ratls::agent
