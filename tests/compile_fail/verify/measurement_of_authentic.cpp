// Genuine is not accepted: no measurement yet.
#include <ratls/verify/evidence.h>

ratls::snp::Measurement look(const ratls::AcceptedReport& accepted,
                             const ratls::AuthenticReport& authentic) {
  static_cast<void>(authentic);
#ifdef MUST_FAIL
  return authentic.measurement();
#else
  return accepted.measurement();
#endif
}
