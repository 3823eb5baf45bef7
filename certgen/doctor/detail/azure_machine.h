/// The facts of an Azure guest.
#pragma once

#include <ratls/certgen/doctor/machine.h>

namespace ratls::doctor::detail {

/// Talks to the TPM of `place`, or to /dev/tpmrm0, and to the metadata service.
AzureFacts look_at_azure(const Place& place);

}  // namespace ratls::doctor::detail
