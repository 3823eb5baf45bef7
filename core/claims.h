/// What a report vouches for besides itself: the claims (docs/protocol.md, section 3).
#pragma once

#include <optional>
#include <string_view>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/signing_key.h>

namespace ratls {

/// Who speaks. Prevents reflection: one side's evidence is never the other side's.
enum class Role : std::uint8_t {
  client = 0,
  server = 1,
  post_handshake_client = 2,
  post_handshake_server = 3,
};

/// What the evidence is bound to (docs/protocol.md, section 1). No claims carry 1: a verifier says
/// it of a session that was resumed.
enum class Level : std::uint8_t {
  key = 0,        ///< the TLS key only: can be relayed once that key leaks (CVE-2026-33697)
  resumed = 1,    ///< an earlier session, whose PSK came back without evidence (section 9)
  handshake = 2,  ///< key and handshake traffic secret
  exporter = 3,   ///< key and RFC 8446 exporter
};

/// E.g. "post-handshake client".
std::string_view name(Role role) noexcept;
/// "key", "resumed", "handshake" or "exporter".
std::string_view name(Level level) noexcept;

/// Is this one of the pairs that exist: (0,0) (0,3) (1,0) (1,2) (2,3) (3,3)?
bool valid_pair(Role role, Level level) noexcept;

/// The session-dependent value inside the claims (docs/protocol.md, section 5). Not secret.
using Binder = FixedBytes<48, struct BinderTag>;

/// The `identity` claim: a certificate and its signature over the other claims. Views.
struct IdentityClaim {
  ByteView certificate;
  ByteView signature;
};

/// The claims of one session.
struct Claims {
  Role role = Role::client;
  Level level = Level::key;
  std::optional<Binder> binder;  ///< present exactly at levels 2 and 3
  SpkiHash pubkey_hash;
  std::optional<IdentityClaim> identity;

  /// Deterministic CBOR. The pair must be valid and the binder present exactly where its level
  /// has one. Errors: malformed_evidence.
  [[nodiscard]] Result<Bytes> encode() const;

  /// Unknown text keys are skipped (nested at most 4 deep); everything else that is unknown,
  /// duplicate, out of order, of indefinite length or trailing is refused. The result's views
  /// point into `cbor`. Errors: malformed_evidence.
  static Result<Claims> decode(ByteView cbor);
};

/// What an identity key signs (docs/protocol.md, section 7): "RATLS-id-v1", a zero byte, and the
/// SHA-384 of the claims without `identity`, whose other entries are hashed as they stand in
/// `cbor`. Errors: malformed_evidence.
Result<Bytes> identity_message(ByteView cbor);

}  // namespace ratls
