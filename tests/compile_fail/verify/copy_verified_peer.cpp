// One acceptance is one object.
#include <ratls/verify/evidence.h>

ratls::VerifiedPeer keep(ratls::VerifiedPeer& peer) {
#ifdef MUST_FAIL
  return peer;
#else
  return std::move(peer);
#endif
}
