/// Secrets for other services of a guest: fetched, published as files, kept up to date.
#pragma once

#include <ratls/services/agent/run.h>

namespace ratls::agent {

/// How long the files stand.
enum class Stay : std::uint8_t {
  until_told,  ///< SIGHUP fetches anew, SIGINT and SIGTERM remove them and end
  once,        ///< they are left behind
};

/// Attests to the broker, fetches what guest.json gives to files and credentials, and publishes all
/// of it or nothing; then tells systemd. Secrets that are given to the egress are left to it.
/// Errors: invalid_config (nothing to publish, a secret for an environment, a folder on a disk),
/// and those of gather_secrets(), before anything is published.
Result<void> bootstrap(const Run& what, Stay stay);

}  // namespace ratls::agent
