/// The key of a store, sealed by this machine's TPM 2.0.
#pragma once

#include <string>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/core/seal.h>

namespace ratls::broker {

/// How a key is sealed.
struct TpmSealing {
  /// Numbers of PCRs of the SHA-256 bank, 0 to 23, each once; the key opens only while they have
  /// the values that they have now. Empty: in every state of this machine.
  std::vector<std::uint8_t> pcrs;
  /// Which TPM: "device:/dev/tpmrm0", or "swtpm:host=...,port=..." in tests.
  std::string tcti = "device:/dev/tpmrm0";
};

/// A JSON text that opens on this TPM only: the key under the primary key of the owner hierarchy.
/// It is no secret; without the TPM it is of no use. What passes between TPM and processor is
/// encrypted. Errors: invalid_config (sealing), tpm_unavailable (also where this build has no
/// support for TPMs).
Result<std::string> seal_to_tpm(const seal::Key& key, const TpmSealing& sealing);

/// Errors: invalid_config (the text), tpm_unavailable, tpm_state_changed (other PCR values, another
/// TPM, one that was cleared, or a changed text).
Result<seal::Key> open_from_tpm(ByteView sealed);

/// "0,2,7". Errors: invalid_config.
Result<std::vector<std::uint8_t>> parse_pcrs(const std::string& text);

}  // namespace ratls::broker
