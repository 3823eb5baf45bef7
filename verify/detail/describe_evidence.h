/// Evidence and what stands in it, in words; nothing is verified.
#pragma once

#include <optional>

#include <ratls/core/crl.h>
#include <ratls/verify/detail/said.h>

namespace ratls::detail {

/// Every record of the evidence. A record that cannot be read is described by its error. `spki`:
/// the key of the certificate around it, where there is one.
/// Errors: malformed_evidence for an envelope that cannot be read.
Result<Said> describe_evidence(ByteView cbor, std::optional<ByteView> spki);

Said describe_crl(const Crl& crl);

}  // namespace ratls::detail
