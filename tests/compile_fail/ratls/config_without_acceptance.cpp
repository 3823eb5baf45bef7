// Both questions are answered, or there is no configuration.
#include <ratls/config.h>

ratls::ClientConfig complete(ratls::Sha256Digest pin) {
  return ratls::ClientConfig(ratls::Anonymous{}, ratls::AcceptKey{pin});
}

#ifdef MUST_FAIL
ratls::ClientConfig nobody_in_particular() {
  return ratls::ClientConfig(ratls::Anonymous{});
}
#endif
