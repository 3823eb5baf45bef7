/// An authentic report against one rule of a policy: one function a check.
#pragma once

#include <vector>

#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls::snp::detail {

/// What one rule has to say: every check, passed or not.
struct RuleOutcome {
  const ratls::detail::GuestRule* rule = nullptr;
  std::vector<Check> checks;

  [[nodiscard]] bool accepted() const noexcept;
  [[nodiscard]] bool measurement_matches() const noexcept;
  [[nodiscard]] std::size_t failures() const noexcept;
};

/// Judges the report by one rule; goes on after a failure.
RuleOutcome judge(const ratls::detail::EvidenceState& state,
                  const ratls::detail::PolicyData& policy, const ratls::detail::GuestRule& rule);

/// reported <= committed <= current in every component (AMD 56860): whatever the policy says.
Check check_tcb_order(const Report& report);

/// MEASUREMENT is on the rule's list.
Check check_measurement(const Report& report, const ratls::detail::PolicyData& policy,
                        const ratls::detail::GuestRule& rule);

}  // namespace ratls::snp::detail
