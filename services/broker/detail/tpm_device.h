/// What is asked of a TPM. Private.
#pragma once

#include <ratls/services/broker/tpm_key.h>

namespace ratls::broker::detail {

/// A sealed object, marshalled as TPM2B_PUBLIC and TPM2B_PRIVATE.
struct TpmObject {
  TpmSealing sealing;
  Bytes public_part;
  Bytes private_part;
};

/// Errors: tpm_unavailable.
Result<TpmObject> tpm_seal(const seal::Key& key, const TpmSealing& sealing);
/// Errors: tpm_unavailable, tpm_state_changed.
Result<seal::Key> tpm_unseal(const TpmObject& object);

}  // namespace ratls::broker::detail
