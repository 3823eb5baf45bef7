/// A policy made from one report, or from one certificate with evidence.
#pragma once

#include <optional>
#include <vector>

#include <ratls/verify/evidence.h>
#include <ratls/verify/policy.h>

namespace ratls {

/// What a report does not say.
struct PolicyDraft {
  std::string name = "policy";
  std::string guest = "guest";
  Covers covers = Covers::firmware;
  std::optional<Timestamp> expires;
  /// Also where the report allows DEBUG or a migration agent: otherwise it is refused.
  bool dangerously_allow_debug = false;
  bool dangerously_allow_migration = false;
  /// PCRs of the SHA-256 bank that the policy demands as they are, 0 to 23. For evidence through a
  /// vTPM at least one, for other evidence none.
  std::vector<std::uint32_t> tpm_pcrs;
  /// Trust the simulators that this policy trusts.
  std::optional<Policy> simulators_of;
};

/// The strict policy that accepts this report, and of other reports only those of the same guest on
/// the same machine with newer firmware: its measurement, its chip, its launch choices; floors are
/// what it reports. Revocation lists are required, at most 168 hours old.
///
/// Nothing is verified here: whoever forges the report writes the policy, so judge its
/// authenticity first (authenticate_report()). The endorsement is needed for a version 2 report,
/// which names no processor, and for a VLEK report, which names no provider.
/// Errors: those of reading report and endorsement; missing_endorsement; debug_allowed;
/// migration_allowed; invalid_policy; tpm_quote_missing for an HCL report, which holds no PCRs.
Result<Policy> policy_from_report(const ReportFile& file, const PolicyDraft& draft);

/// The same for the evidence inside a leaf; of an Azure guest's the PCRs of `draft` are demanded as
/// they were quoted, and the measurement is its paravisor's. Judge it by authenticate_certificate()
/// first. Errors: as above; those of reading leaf and evidence; pcr_policy_missing (an Azure guest,
/// and no PCR chosen), pcr_values_mismatch, invalid_policy (a PCR that is not quoted, or PCRs of a
/// guest without a vTPM).
Result<Policy> policy_from_certificate(const CertificateFile& file, const PolicyDraft& draft);

}  // namespace ratls
