// There is no default policy.
#include <ratls/verify/policy.h>

const std::string& name_of(const ratls::Policy& policy) {
#ifdef MUST_FAIL
  static const ratls::Policy any;
#endif
  return policy.name();
}
