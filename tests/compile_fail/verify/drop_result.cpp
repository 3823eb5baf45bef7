// A dropped Result is a skipped check.
#include <ratls/verify/evidence.h>

using namespace ratls;

bool judge(ParsedEvidence&& evidence, const SessionView& view, Trail& trail) {
#ifdef MUST_FAIL
  bind(std::move(evidence), view, trail);
  return true;
#else
  return bind(std::move(evidence), view, trail).has_value();
#endif
}
