// An ignored outcome is an ignored refusal.
#include <ratls/verify/verifier.h>

using namespace ratls;

bool judge(const Verifier& verifier, const ReportFile& file) {
#ifdef MUST_FAIL
  verifier.verify_report(file);
  return true;
#else
  return verifier.verify_report(file).accepted.has_value();
#endif
}
