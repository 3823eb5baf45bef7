/// What AMD's revocation lists say about the keys behind a certificate.
#pragma once

#include <string>

#include <ratls/verify/evidence.h>
#include <ratls/verify/root_of_trust.h>

namespace ratls::detail {

/// Judges the list that came with the evidence (`stapled`, empty where there is none) and the one
/// that the collateral source has, if any. A key that either of them names is revoked; how old the
/// lists may be is asked of the newer. A list at hand that does not verify counts as none, a
/// stapled one refuses. In words what was found; with a failure, `hint` may say what to do about
/// the clock. Errors: crl_missing, crl_invalid, crl_stale, revoked, no_time.
Result<std::string> check_revocation(ByteView stapled, const TrustedIssuer& issuer,
                                     const Revocation& rule, const Clock& clock, const Aids& aids,
                                     std::string& hint);

/// By how much the clock is before the moment at which `what` begins, and what that suggests;
/// empty where it is not.
std::string clock_hint(Timestamp begins, Timestamp now, std::string_view what);

}  // namespace ratls::detail
