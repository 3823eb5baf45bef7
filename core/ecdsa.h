/// ECDSA by a key that stands in a certificate.
#pragma once

#include <cstdint>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// What was hashed before it was signed.
enum class EcdsaHash : std::uint8_t { sha256, sha384 };

/// `signature` (DER, RFC 3279, 2.2.3) over `message` by the key in `spki`, a DER
/// SubjectPublicKeyInfo: P-256 or P-384, and nothing else. Only the one DER form of a signature is
/// taken; (r, n - s) verifies where (r, s) does, so a signature is never an identity.
/// Errors: `on_error`, also for another kind of key; out_of_memory, internal.
Result<void> verify_ecdsa(ByteView spki, EcdsaHash hash, ByteView message, ByteView signature,
                          Reason on_error);

/// Is `spki` exactly one key that verify_ecdsa() takes?
bool is_ecdsa_spki(ByteView spki);

}  // namespace ratls
