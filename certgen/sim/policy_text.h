/// The policy file of a verifier that accepts simulated guests (docs/policy.md).
#pragma once

#include <string>
#include <vector>

#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/report.h>
#include <ratls/core/result.h>
#include <ratls/core/tpm_quote.h>

namespace ratls::sim {

/// What the policy accepts besides. Each list must not be empty, but for `csp_ids`.
struct PolicyOptions {
  std::string name = "simulated";
  std::vector<Product> products{Product::milan};
  std::vector<Digest48> measurements{GuestLaunch::default_measurement()};
  std::vector<std::uint32_t> vmpls{0};
  std::vector<std::uint32_t> report_versions{3, 4, 5};
  std::vector<std::string> csp_ids;  ///< providers whose VLEKs are accepted
  /// Not empty: Azure guests with these PCRs, and no others; the measurement then covers firmware.
  PcrValues tpm_pcrs;
};

/// A complete policy as strict JSON: no DEBUG, no migration, minimum TCB as in
/// recent_firmware(), any chip, the authority's roots under "simulator_roots", and no revocation
/// list demanded. Errors: those of Authority.
Result<std::string> policy_json(Authority& authority, const PolicyOptions& options);

}  // namespace ratls::sim
