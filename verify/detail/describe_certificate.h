/// A certificate in words: what kind it is, and what stands in it; nothing is verified.
#pragma once

#include <ratls/core/x509.h>
#include <ratls/verify/detail/said.h>

namespace ratls::detail {

/// Names, dates, key and extensions; for a VCEK or VLEK also what AMD's extensions say; for one of
/// AMD's CA certificates whether its key is pinned; for a TLS leaf its evidence.
Said describe_certificate(const Certificate& certificate);

}  // namespace ratls::detail
