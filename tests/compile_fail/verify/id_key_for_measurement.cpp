// The same size is not the same meaning.
#include <ratls/verify/policy.h>

using namespace ratls;

PolicyNeedsFloor begin(const snp::KeyDigest& key, const snp::Measurement& golden) {
  static_cast<void>(key);
#ifdef MUST_FAIL
  return Policy::allow_only("agent", Covers::image, {key});
#else
  return Policy::allow_only("agent", Covers::image, {golden});
#endif
}
