/// Fetching secrets from the broker.
#pragma once

#include <ratls/config.h>
#include <ratls/core/secret.h>
#include <ratls/services/kbs/resource.h>
#include <ratls/tcp.h>

namespace ratls::agent {

using kbs::Resource;

/// One secret over one attested channel. Blocks for up to a minute.
/// Errors: those of connect() and http::get().
Result<SecretBytes> fetch_secret(const ClientConfig& config, const Address& broker,
                                 const Resource& resource);

}  // namespace ratls::agent
