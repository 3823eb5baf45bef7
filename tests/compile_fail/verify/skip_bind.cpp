// A file without a session never becomes a VerifiedPeer.
#include <ratls/verify/evidence.h>

using namespace ratls;

#ifdef MUST_FAIL
Result<VerifiedPeer>
#else
Result<AcceptedReport>
#endif
judge(AuthenticReport&& report, const Policy& policy, const Clock& clock, Trail& trail) {
  return appraise(std::move(report), policy, clock, trail);
}
