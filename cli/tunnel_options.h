/// What `ratls connect` and `ratls serve` share: running tunnels, and saying what happens.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <ratls/services/tunnel/service.h>

#include "verbs.h"

namespace ratls::cli {

struct TunnelOptions {
  unsigned max_connections = 1024;
  unsigned max_per_peer = 64;
  unsigned drain_seconds = 10;
  unsigned drain_silence_seconds = 1;
  bool verdict = false;  ///< print every check of every appraisal
  bool quiet = false;
};
void add_tunnel_options(CLI::App& verb, TunnelOptions& options);

using SharedPlan = std::shared_ptr<const tunnel::Plan>;
/// Reads identity and policy again: the plan for new tunnels, or why there is none.
using Reload = std::function<std::optional<Stop>(SharedPlan& out)>;

/// Serves what connects to `listen` until SIGINT or SIGTERM; SIGHUP calls `reload`. With an
/// inherited socket (systemd's LISTEN_FDS) `listen` may be empty.
Exit run_listening(SharedPlan plan, const Reload& reload, const std::string& listen,
                   const TunnelOptions& options);
/// One tunnel for standard input and output; its end is the exit code.
Exit run_stdio(SharedPlan plan, const TunnelOptions& options);

}  // namespace ratls::cli
