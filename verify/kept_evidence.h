/// Evidence that was accepted in one session, kept so that it can be judged again when the session
/// is resumed (docs/protocol.md, section 9).
#pragma once

#include <memory>

#include <ratls/core/bytes.h>
#include <ratls/core/claims.h>
#include <ratls/core/clock.h>
#include <ratls/verify/policy.h>

namespace ratls {

/// Made by Verifier::keep() only, of a peer that it accepted; judged by Verifier::verify_again().
/// Holds the evidence as it came, at most 8 KiB, and the view of the session that it was bound to.
/// Nothing in it is secret. Threads: a value without setters; share freely.
class KeptEvidence {
 public:
  /// DER SubjectPublicKeyInfo of the peer's certificate in the session of the evidence.
  [[nodiscard]] ByteView peer_spki() const noexcept { return spki_; }
  /// When it was accepted, by the verifier's clock.
  [[nodiscard]] Timestamp accepted_at() const noexcept { return accepted_at_; }
  /// Which policy accepted it.
  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  /// SHA-256 over what was accepted: evidence, session, key, policy, guest and moment.
  [[nodiscard]] const Sha256Digest& digest() const noexcept { return digest_; }

 private:
  friend class Verifier;
  KeptEvidence(std::shared_ptr<const Bytes> evidence, Bytes spki, Role role, Binder binder,
               Policy policy, Timestamp accepted_at, std::string_view guest);

  std::shared_ptr<const Bytes> evidence_;
  Bytes spki_;
  Role role_;
  Binder binder_;
  Policy policy_;
  Timestamp accepted_at_;
  Sha256Digest digest_;
};

}  // namespace ratls
