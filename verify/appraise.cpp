#include <algorithm>
#include <iterator>
#include <utility>

#include <ratls/core/json.h>
#include <ratls/verify/detail/instance_key.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/snp/detail/appraisal.h>

namespace ratls {

namespace {

using detail::EvidencePointer;
using detail::EvidenceState;
using detail::GuestRule;
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

// Of a pinned instance key no date counts.
Timestamp end_of(const EvidenceState& state, const Policy& policy, const GuestRule& rule) {
  Timestamp end = state.endorsement->certificate.not_after();
  end = std::min(end, policy.expires().value_or(end));
  if (!rule.instance) return end;
  const auto& pins = rule.instance->pins;
  const bool pinned =
      std::find(pins.begin(), pins.end(), state.instance->spki_sha256) != pins.end();
  return pinned ? end : std::min(end, state.instance->certificate->not_after());
}

// A clock that shows a moment before one that has passed was set back, whatever else it says. One
// that the host sets is named as that in every verdict.
void check_clock(const ClockRule& rule, const Clock& clock, Trail& trail) {
  const std::string caveat = clock.caveat();
  if (!rule.not_before && caveat.empty()) return;
  const auto now = clock.now();
  const std::string want =
      rule.not_before ? "from " + to_rfc3339(*rule.not_before) : std::string("any");
  if (!now) {
    static_cast<void>(trail.fail("clock", Error(Reason::no_time), "no time", want));
  } else if (rule.not_before && *now < *rule.not_before) {
    static_cast<void>(trail.fail("clock", Error(Reason::clock_set_back), to_rfc3339(*now), want));
  } else {
    trail.pass("clock", to_rfc3339(*now), want, caveat);
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
  if (detail::wants_instance(data)) {
    state.instance = std::make_shared<const detail::InstanceState>(
        detail::read_instance(state.claims_cbor, data.clock, clock));
  }
  RuleOutcome best = best_outcome(state, data);
  check_expiry(policy, clock, trail);
  check_clock(data.clock, clock, trail);
  trail.add(snp::detail::check_tcb_order(state.report));
  for (Check& check : best.checks) trail.add(std::move(check));
  if (const auto reason = trail.first_failure()) return Error(*reason);
  trail.add_peer_field({"guest", json::quoted(best.rule->name)});
  trail.add_peer_field({"covers", json::quoted(name(best.rule->covers))});
  state.acceptances = {{id_of(policy), best.rule->name, best.rule->covers}};
  state.policy = policy;
  state.valid_until = end_of(state, policy, *best.rule);
  if (best.rule->instance) {
    state.instance_key = state.instance->spki_sha256;
    trail.add_peer_field({"instance_key", json::quoted(state.instance_key->hex())});
  }
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
