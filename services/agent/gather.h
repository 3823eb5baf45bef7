/// All secrets of a guest, from its broker.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ratls/config.h>
#include <ratls/core/secret.h>
#include <ratls/services/agent/guest_config.h>

namespace ratls::agent {

/// By the names of their variables.
using Secrets = std::map<std::string, std::shared_ptr<const SecretBytes>>;

/// All of `wanted` or none: reads where the broker is, then fetches one after the other. Blocks for
/// up to a minute each. `log` gets a line for each, without its value.
/// Errors: those of read_address() and fetch_secret().
Result<Secrets> gather_secrets(const BrokerSpec& broker, const ClientConfig& channel,
                               const std::vector<SecretSpec>& wanted,
                               const std::function<void(const std::string&)>& log);

}  // namespace ratls::agent
