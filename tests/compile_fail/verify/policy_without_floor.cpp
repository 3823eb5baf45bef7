// A policy says how old the firmware may be.
#include <ratls/verify/policy.h>

using namespace ratls;

PolicyNeedsPlatform begin(const snp::Measurement& golden) {
  return Policy::allow_only("agent", Covers::image, {golden})
#ifndef MUST_FAIL
      .tcb_floor(snp::Product::genoa, {std::nullopt, 10, 0, 25, 84})
#endif
      .any_chip();
}
