/// Evidence of Azure's confidential VMs: what is checked besides the SEV-SNP report
/// (docs/azure.md). The chain: TLS session -> quote's qualifying data -> AK -> runtime data ->
/// REPORT_DATA -> AMD's key.
#pragma once

#include <ratls/core/azure_evidence.h>
#include <ratls/verify/azure/detail/runtime_data.h>
#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/verdict.h>

namespace ratls::azure::detail {

/// Takes frame and quote apart into `state`. Errors: malformed_hcl_report,
/// unsupported_hcl_report, malformed_tpm_quote.
Result<void> open(AzureEvidence sent, ratls::detail::EvidenceState& state, Trail& trail);
/// The same of a file that is the HCL report alone.
Result<void> open(ByteView hcl_report, ratls::detail::EvidenceState& state, Trail& trail);

/// All 48 bytes, in constant time. Errors: quote_binding_mismatch, tpm_quote_missing.
Result<void> check_qualifying_data(const ratls::detail::AzureState& azure,
                                   const ReportData& wanted);

/// REPORT_DATA is SHA-256(runtime data) and 32 zeros. Errors: runtime_data_mismatch.
Result<void> check_runtime_data(const HclReport& hcl, const ReportData& shown);

/// The report was requested by the paravisor. Errors: paravisor_vmpl.
Result<void> check_paravisor(std::uint32_t vmpl);

/// Errors: quote_signature_invalid, out_of_memory.
Result<void> check_quote_signature(const RuntimeData& runtime, const AzureEvidence& sent);

/// The two before, of an evidence whose report has been parsed and not yet been believed.
Result<void> settle_runtime_data(const ratls::detail::EvidenceState& state, Trail& trail);

/// Runtime data, quote and PCRs, once the report's signature has verified.
/// Errors: malformed_runtime_data, quote_signature_invalid, pcr_values_mismatch.
Result<void> settle_quote(ratls::detail::EvidenceState& state, Trail& trail);

/// The rule `tpm_pcrs`: pcr_policy_missing, pcr_not_allowed, tpm_quote_missing.
Check check_pcrs(const ratls::detail::EvidenceState& state, const ratls::detail::GuestRule& rule);

}  // namespace ratls::azure::detail
