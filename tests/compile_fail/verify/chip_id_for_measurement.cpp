// Bytes that mean something else are another type.
#include <ratls/verify/policy.h>

using namespace ratls;

PolicyNeedsFloor begin(const snp::ChipId& chip, const snp::Measurement& golden) {
  static_cast<void>(chip);
#ifdef MUST_FAIL
  return Policy::allow_only("agent", Covers::image, {chip});
#else
  return Policy::allow_only("agent", Covers::image, {golden});
#endif
}
