// A policy says what becomes of revocation lists.
#include <ratls/verify/policy.h>

using namespace ratls;

Result<Policy> make(const snp::Measurement& golden) {
  return Policy::allow_only("agent", Covers::image, {golden})
      .tcb_floor(snp::Product::genoa, {std::nullopt, 10, 0, 25, 84})
      .any_chip()
      .any_platform()
#ifndef MUST_FAIL
      .revocation(Revocation::require(24))
#endif
      .build();
}
