// A server is never anonymous.
#include <ratls/config.h>

ratls::ServerConfig known(std::shared_ptr<const ratls::CertificateIdentity> me,
                          ratls::Sha256Digest pin) {
  return ratls::ServerConfig(me, ratls::AcceptKey{pin});
}

#ifdef MUST_FAIL
ratls::ServerConfig unknown(ratls::Sha256Digest pin) {
  return ratls::ServerConfig(ratls::Anonymous{}, ratls::AcceptKey{pin});
}
#endif
