// A policy says what the measurement covers.
#include <ratls/verify/policy.h>

using namespace ratls;

PolicyNeedsFloor begin(const snp::Measurement& golden) {
#ifdef MUST_FAIL
  return Policy::allow_only("agent", {golden});
#else
  return Policy::allow_only("agent", Covers::image, {golden});
#endif
}
