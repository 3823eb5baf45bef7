/// Everything between "here is a guest" and "its program has ended".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ratls/certgen/report_source.h>
#include <ratls/services/agent/guest_config.h>

namespace ratls::agent {

/// What a run needs.
struct Run {
  GuestConfig config;
  std::string folder;                ///< of guest.json
  std::vector<std::string> command;  ///< empty: the egress alone, until SIGINT or SIGTERM
  /// guest.json as it is now, for SIGHUP.
  std::function<Result<GuestConfig>()> read_config;
  bool unsafe_listen = false;  ///< the command line allows others to reach the egress
  /// Opens the report source, once the program's process has been forked.
  std::function<Result<std::unique_ptr<ReportSource>>()> open_source;
  std::function<void(const std::string&)> log;  ///< one line each, no secret in any
};

inline constexpr int kFailedBeforeExec = 125;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

/// What came of it: the program's exit code, or one of the three above and why.
struct Ended {
  int code = 0;
  std::optional<Error> error;
};

/// On SIGHUP guest.json, policies and secrets are read and fetched anew; see Renewal. SIGINT and
/// SIGTERM go to the program; without one they end the egress.
///
/// Forks the program's process into its cell, attests to the broker, fetches the secrets, opens the
/// egress, starts the program, and waits for its end. Call it before any other thread exists.
Ended run(const Run& what);

}  // namespace ratls::agent
