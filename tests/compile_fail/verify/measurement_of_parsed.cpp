// A measurement cannot be read from evidence that nobody has judged.
#include <ratls/verify/evidence.h>

ratls::snp::ChipId look(const ratls::ParsedEvidence& evidence) {
#ifdef MUST_FAIL
  static_cast<void>(evidence.measurement());
#endif
  return evidence.claimed_origin().value().chip_id;
}
