/// A guest's way to its secret.
#pragma once

#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/config.h>
#include <ratls/core/secret.h>
#include <ratls/examples/common/steps.h>
#include <ratls/services/kbs/resource.h>
#include <ratls/tcp.h>

namespace ratls::examples {

/// Connects to whoever answers at `address`, goes on only with the holder of `broker`'s key,
/// attests over this one TLS session, and asks for `resource`. Says each step.
/// Errors: pin_mismatch, peer_refused, unknown_resource, connection_failed, and those of
/// ratls::connect() and http::get().
Result<SecretBytes> fetch_secret(ReportSource& source, const AcceptKey& broker,
                                 const Address& address, const kbs::Resource& resource, Steps& log);

}  // namespace ratls::examples
