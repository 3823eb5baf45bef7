/// An authentic report in words, for verdicts.
#pragma once

#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/verdict.h>

namespace ratls::detail {

/// Every field that a reader of a verdict may need; the report's signature must have verified.
PeerSummary summarise(const EvidenceState& state);

}  // namespace ratls::detail
