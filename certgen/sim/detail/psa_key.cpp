#include <ratls/certgen/sim/detail/psa_key.h>

#include <psa/crypto.h>

namespace ratls::sim::detail {

PsaKey::~PsaKey() {
  if (id_ != 0) psa_destroy_key(id_);
}

Result<Bytes> PsaKey::public_key() const {
  Bytes key(PSA_EXPORT_PUBLIC_KEY_MAX_SIZE);
  std::size_t size = 0;
  RATLS_CHECK(check_psa(psa_export_public_key(id_, key.data(), key.size(), &size), "public key"));
  key.resize(size);
  return key;
}

Result<void> check_psa(std::int32_t status, std::string_view what) {
  if (status == PSA_SUCCESS) return {};
  return Error(Reason::internal,
               std::string(what) + " failed (PSA status " + std::to_string(status) + ")");
}

}  // namespace ratls::sim::detail
