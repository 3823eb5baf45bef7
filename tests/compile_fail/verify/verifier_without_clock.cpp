// A verifier without a clock cannot judge dates.
#include <ratls/verify/verifier.h>

using namespace ratls;

Verifier make(const Policy& policy, const Clock& clock) {
  static_cast<void>(clock);
#ifdef MUST_FAIL
  return Verifier(policy);
#else
  return Verifier(policy, clock);
#endif
}
