// A stage is consumed by the next one: it must be given away, visibly.
#include <ratls/verify/evidence.h>

using namespace ratls;

Result<BoundEvidence> judge(ParsedEvidence& evidence, const SessionView& view, Trail& trail) {
#ifdef MUST_FAIL
  return bind(evidence, view, trail);
#else
  return bind(std::move(evidence), view, trail);
#endif
}
