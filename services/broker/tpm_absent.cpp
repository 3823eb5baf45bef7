// In place of tpm_device.cpp where RATLS_TPM is off or tpm2-tss is not there.

#include <ratls/services/broker/detail/tpm_device.h>

namespace ratls::broker::detail {

namespace {

Error absent() {
  return Error(Reason::tpm_unavailable,
               "this build has no support for TPMs (RATLS_TPM; it needs libtss2-dev)");
}

}  // namespace

Result<TpmObject> tpm_seal(const seal::Key&, const TpmSealing&) {
  return absent();
}

Result<seal::Key> tpm_unseal(const TpmObject&) {
  return absent();
}

}  // namespace ratls::broker::detail
