/// The `identity` claim: which instance of a guest this is, by a key that its operator knows
/// (docs/protocol.md, section 7; docs/policy.md, "instance_keys").
#pragma once

#include <optional>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/core/x509.h>
#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/verdict.h>

namespace ratls::detail {

/// The claim as it was shown, read once for all rules.
struct InstanceState {
  /// Whose certificate it is, where its signature over the claims verified.
  std::optional<Certificate> certificate;
  Sha256Digest spki_sha256;
  std::optional<Error> fault;    ///< why there is none though a claim was shown
  std::optional<Timestamp> now;  ///< at which dates are judged; nothing: there is no clock
  std::uint32_t max_skew_seconds = 0;
};

/// Does a rule of this policy ask for it? Where none does the claim costs nothing.
bool wants_instance(const PolicyData& policy) noexcept;

/// The claim in `claims_cbor`, which is empty where evidence came without claims (a file).
InstanceState read_instance(ByteView claims_cbor, const ClockRule& rule, const Clock& clock);

/// The rule `instance_keys`: instance_key_missing, instance_key_invalid, instance_key_not_allowed,
/// instance_key_expired, no_time.
Check check_instance_key(const EvidenceState& state, const GuestRule& rule);

}  // namespace ratls::detail
