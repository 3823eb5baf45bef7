/// Evidence of Azure's confidential VMs in words, not judged.
#pragma once

#include <ratls/core/azure_evidence.h>
#include <ratls/core/hcl_report.h>
#include <ratls/verify/detail/said.h>

namespace ratls::detail {

/// The frame, the runtime data and the report inside.
Said describe_hcl(const HclReport& hcl);

/// Rows "hcl_report" and "tpm_quote"; what cannot be read is said to be a problem.
void add_azure(Said& out, const AzureEvidence& evidence);

}  // namespace ratls::detail
