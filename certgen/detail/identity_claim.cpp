#include <ratls/certgen/detail/identity_claim.h>

#include <ratls/core/claims.h>

namespace ratls::detail {

Result<Bytes> with_identity(const Bytes& claims, const CertificateIdentity& instance) {
  RATLS_TRY(Claims all, Claims::decode(claims));
  if (all.level == Level::key) return claims;
  RATLS_TRY(const Bytes message, identity_message(claims));
  RATLS_TRY(const Bytes signature, instance.key().sign_sha384(message));
  all.identity = IdentityClaim{instance.certificate(), signature};
  return all.encode();
}

}  // namespace ratls::detail
