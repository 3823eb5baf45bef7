// Only the TLS engine says that CertificateVerify and Finished were checked.
#include <ratls/detail/tls_engine.h>

ratls::Result<ratls::detail::HandshakeDone> proof(ratls::detail::TlsEngine& engine) {
  return engine.finish();
}

#ifdef MUST_FAIL
ratls::detail::HandshakeDone forged() {
  return ratls::detail::HandshakeDone();
}
#endif
