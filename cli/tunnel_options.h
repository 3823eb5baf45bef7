/// What `ratls connect` and `ratls serve` share: running tunnels, and saying what happens.
#pragma once

#include <ratls/services/tunnel/service.h>

#include "verbs.h"

namespace ratls::cli {

struct TunnelOptions {
  unsigned max_connections = 1024;
  unsigned max_per_peer = 64;
  unsigned drain_seconds = 10;
  bool verdict = false;  ///< print every check of every appraisal
  bool quiet = false;
};
void add_tunnel_options(CLI::App& verb, TunnelOptions& options);

/// Serves what connects to `listen` until SIGINT or SIGTERM. With an inherited socket (systemd's
/// LISTEN_FDS) `listen` may be empty.
Exit run_listening(const tunnel::Plan& plan, const std::string& listen,
                   const TunnelOptions& options);
/// One tunnel for standard input and output; its end is the exit code.
Exit run_stdio(const tunnel::Plan& plan, const TunnelOptions& options);

}  // namespace ratls::cli
