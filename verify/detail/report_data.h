/// What a report's REPORT_DATA covers.
#pragma once

#include <ratls/verify/detail/evidence_state.h>

namespace ratls::detail {

/// REPORT_DATA covers the claims as received, through the Merkle path where there is one; all 64
/// bytes, in constant time (docs/protocol.md, section 4).
/// Errors: binding_mismatch, malformed_evidence, malformed_report.
Result<void> check_report_data(const EvidenceState& state);

}  // namespace ratls::detail
