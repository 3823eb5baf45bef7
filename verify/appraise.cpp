#include <algorithm>
#include <iterator>
#include <utility>

#include <ratls/core/json.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/snp/detail/appraisal.h>

namespace ratls {

namespace {

using detail::EvidencePointer;
using detail::EvidenceState;
using detail::PolicyData;
using detail::StageDoor;
using snp::detail::RuleOutcome;

// The policy's own date. Its check never stops the others.
void check_expiry(const Policy& policy, const Clock& clock, Trail& trail) {
  const std::string got = policy.name() + " version " + std::to_string(policy.version());
  const auto expires = policy.expires();
  if (!expires) {
    trail.pass("policy", got);
    return;
  }
  const auto now = clock.now();
  const std::string want = "before " + to_rfc3339(*expires);
  if (!now) {
    static_cast<void>(trail.fail("policy", Error(Reason::no_time), "no time", want));
  } else if (*now >= *expires) {
    static_cast<void>(trail.fail("policy", Error(Reason::policy_expired), to_rfc3339(*now), want));
  } else {
    trail.pass("policy", got, want);
  }
}

Timestamp end_of(const EvidenceState& state, const Policy& policy) {
  const Timestamp endorsed = state.endorsement->certificate.not_after();
  return std::min(endorsed, policy.expires().value_or(endorsed));
}

// A clock that shows a moment before one that has passed was set back, whatever else it says.
void check_clock(const ClockRule& rule, const Clock& clock, Trail& trail) {
  if (!rule.not_before) return;
  const auto now = clock.now();
  const std::string want = "from " + to_rfc3339(*rule.not_before);
  if (!now) {
    static_cast<void>(trail.fail("clock", Error(Reason::no_time), "no time", want));
  } else if (*now < *rule.not_before) {
    static_cast<void>(trail.fail("clock", Error(Reason::clock_set_back), to_rfc3339(*now), want));
  } else {
    trail.pass("clock", to_rfc3339(*now), want);
  }
}

// The rule that tells its author most: one that accepts, else one with this measurement, else the
// one with the fewest failures; the first of equals.
bool tells_more(const RuleOutcome& a, const RuleOutcome& b) {
  if (a.accepted() != b.accepted()) return a.accepted();
  if (a.measurement_matches() != b.measurement_matches()) return a.measurement_matches();
  return a.failures() < b.failures();
}

RuleOutcome best_outcome(const EvidenceState& state, const PolicyData& policy) {
  RuleOutcome best = snp::detail::judge(state, policy, policy.accept.front());
  for (auto rule = std::next(policy.accept.begin()); rule != policy.accept.end(); ++rule) {
    RuleOutcome next = snp::detail::judge(state, policy, *rule);
    if (tells_more(next, best)) best = std::move(next);
  }
  return best;
}

Result<void> judge_all(EvidenceState& state, const Policy& policy, const Clock& clock,
                       Trail& trail) {
  trail.phase("policy");
  const PolicyData& data = detail::data_of(policy);
  RuleOutcome best = best_outcome(state, data);
  check_expiry(policy, clock, trail);
  check_clock(data.clock, clock, trail);
  trail.add(snp::detail::check_tcb_order(state.report));
  for (Check& check : best.checks) trail.add(std::move(check));
  if (const auto reason = trail.first_failure()) return Error(*reason);
  state.guest_name = best.rule->name;
  state.covers = best.rule->covers;
  state.valid_until = end_of(state, policy);
  trail.add_peer_field({"guest", json::quoted(state.guest_name)});
  trail.add_peer_field({"covers", json::quoted(name(state.covers))});
  return {};
}

}  // namespace

Result<VerifiedPeer> appraise(AuthenticEvidence&& evidence, const Policy& policy,
                              const Clock& clock, Trail& trail) {
  RATLS_TRY(EvidencePointer state, StageDoor::take(std::move(evidence)));
  RATLS_CHECK(judge_all(*state, policy, clock, trail));
  return StageDoor::make<VerifiedPeer>(std::move(state));
}

Result<AcceptedReport> appraise(AuthenticReport&& report, const Policy& policy, const Clock& clock,
                                Trail& trail) {
  RATLS_TRY(EvidencePointer state, StageDoor::take(std::move(report)));
  RATLS_CHECK(judge_all(*state, policy, clock, trail));
  return StageDoor::make<AcceptedReport>(std::move(state));
}

}  // namespace ratls
