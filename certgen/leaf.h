/// The self-signed TLS leaf (docs/protocol.md, section 2).
#pragma once

#include <optional>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/signing_key.h>

namespace ratls {

/// A whole certificate must fit one TLS record, evidence included. Unit: bytes.
inline constexpr std::size_t kMaxLeafSize = 8192;

/// An X.509 v3 certificate for `key`, signed by `key` (ECDSA-SHA256), DER: subject == issuer, a
/// random serial, keyUsage digitalSignature, no CA. It is valid from 1970 to the end of 9999: a
/// guest has no clock that it can trust, and freshness never comes from a date.
///
/// `evidence_cbor`: the evidence (EvidenceEnvelope::encode()), put into the one extension with
/// kEvidenceOid, not critical. Without it: a plain certificate, for a server that is pinned.
///
/// Errors: malformed_evidence; malformed_certificate where it would exceed kMaxLeafSize; internal.
Result<Bytes> make_leaf(const SigningKey& key, std::optional<ByteView> evidence_cbor);

}  // namespace ratls
