/// The `identity` claim: an instance's own key vouches for a session (docs/protocol.md, section 7).
#pragma once

#include <ratls/certgen/identity.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

/// `claims` with the certificate of `instance` and its signature over them; as they are at level 0,
/// which has no binder to sign. Errors: malformed_evidence, internal, out_of_memory.
Result<Bytes> with_identity(const Bytes& claims, const CertificateIdentity& instance);

}  // namespace ratls::detail
