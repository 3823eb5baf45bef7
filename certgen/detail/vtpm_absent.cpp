// A build without tpm2-tss (RATLS_TPM).
#include <ratls/certgen/detail/vtpm.h>

namespace ratls::detail {

bool has_vtpm_support() noexcept {
  return false;
}

Result<std::unique_ptr<VtpmDoor>> open_vtpm(const std::string&) {
  return Error(
      Reason::no_report_device,
      "this build of ratls has no TPM support; build it with -DRATLS_TPM=ON (libtss2-dev)");
}

}  // namespace ratls::detail
