// Bound evidence must be authenticated before a policy sees it.
#include <ratls/verify/evidence.h>

using namespace ratls;

Result<VerifiedPeer> judge(BoundEvidence&& evidence, const Policy& policy, const Clock& clock,
                           Trail& trail) {
#ifdef MUST_FAIL
  return appraise(std::move(evidence), policy, clock, trail);
#else
  RATLS_TRY(auto authentic, authenticate(std::move(evidence), policy.roots(),
                                         Revocation::require(24), clock, trail));
  return appraise(std::move(authentic), policy, clock, trail);
#endif
}
