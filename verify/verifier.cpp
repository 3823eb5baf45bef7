#include <ratls/verify/verifier.h>

#include <algorithm>
#include <mutex>

#include <ratls/core/signing_key.h>
#include <ratls/verify/detail/evidence_cache.h>
#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/detail/several.h>

namespace ratls {

namespace {

using detail::StageDoor;

// The very policy that accepted, where it is in force still: not one that reads alike. `kept` holds
// on to it, so that no other can be at its address.
const Policy* still_in_force(const KeptEvidence& kept, const Policies& policies) {
  for (const Policy& policy : policies.all()) {
    if (&detail::data_of(kept.policy()) == &detail::data_of(policy)) return &policy;
  }
  return nullptr;
}

Result<std::chrono::seconds> check_resumption(const KeptEvidence& kept, bool in_force,
                                              const Clock& clock, std::chrono::seconds max_age,
                                              Trail& trail) {
  constexpr std::string_view kId = "resumption";
  const std::string want = "accepted at most " + std::to_string(max_age.count()) + " s ago";
  const auto now = clock.now();
  if (!now) return trail.fail(kId, Error(Reason::no_time), "no time", want);
  const std::chrono::seconds age(now->unix_seconds - kept.accepted_at().unix_seconds);
  const std::string got = "accepted " + std::to_string(age.count()) + " s ago";
  if (age.count() < 0) return trail.fail(kId, Error(Reason::clock_set_back), got, want);
  if (age > max_age) return trail.fail(kId, Error(Reason::ticket_expired), got, want);
  if (!in_force) {
    return trail.fail(kId, Error(Reason::ticket_policy_replaced), kept.policy().sha256().hex(),
                      "a policy in force");
  }
  trail.pass(kId, got + ", in an earlier session", want);
  trail.set_resumed(age);
  return age;
}

template <class T>
Outcome<T> conclude(Result<T> walked, Trail&& trail) {
  Outcome<T> out{std::move(trail).finish(walked.has_value()), std::nullopt};
  if (!out.verdict.reason) out.accepted.emplace(std::move(walked).value());
  return out;
}

/// What judging leans on besides the policy.
struct Means {
  const Clock& clock;
  CollateralSource* collateral;
  detail::EvidenceCache* cache;

  [[nodiscard]] Aids aids(const Policy& policy) const {
    return {collateral, cache, detail::data_of(policy).clock.max_skew_seconds};
  }
};

Result<VerifiedPeer> judge(BoundEvidence&& bound, const Policy& policy, const Means& means,
                           Trail& trail) {
  RATLS_TRY(auto authentic,
            authenticate(std::move(bound), policy.roots(), *detail::data_of(policy).revocation,
                         means.clock, trail, means.aids(policy)));
  return appraise(std::move(authentic), policy, means.clock, trail);
}

Result<AcceptedReport> judge(ParsedEvidence&& file, const Policy& policy, const Means& means,
                             Trail& trail) {
  RATLS_TRY(auto authentic,
            authenticate(std::move(file), policy.roots(), detail::data_of(policy).revocation,
                         means.clock, trail, means.aids(policy)));
  return appraise(std::move(authentic), policy, means.clock, trail);
}

template <class T, class Stage>
Outcome<T> judge_by(const Policy& policy, Stage&& stage, Trail trail, const Means& means) {
  trail.set_policy(id_of(policy));
  trail.phase("report");
  auto judged = judge(std::forward<Stage>(stage), policy, means, trail);
  return conclude(std::move(judged), std::move(trail));
}

// Each policy judges a copy of its own. Where signatures did not hold under some roots, a policy
// of the same roots is not asked: it would say the same, at the same price.
template <class T, class Stage>
Outcome<T> judge_by_each(const std::vector<Policy>& policies, const Stage& stage,
                         const Trail& trail, const Means& means) {
  detail::Several said;
  std::vector<Outcome<T>> outcomes;
  for (const Policy& policy : policies) {
    if (const auto reason = said.not_genuine_under(policy.roots())) {
      said.note_same(policy, *reason);
      continue;
    }
    outcomes.push_back(judge_by<T>(policy, StageDoor::copy(stage), trail, means));
    said.note(policy, outcomes.back().verdict);
  }
  Outcome<T> out = std::move(outcomes.at(said.chosen()));
  std::vector<Acceptance> acceptances;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& accepted = i == said.chosen() ? out.accepted : outcomes[i].accepted;
    if (!accepted) continue;
    for (Acceptance& each : accepted->acceptances()) acceptances.push_back(std::move(each));
  }
  if (out.accepted) StageDoor::set_acceptances(*out.accepted, std::move(acceptances));
  said.complete(out.verdict);
  return out;
}

// What no policy can change is behind `begun`.
template <class T, class Stage>
Outcome<T> ask(Result<Stage> begun, Trail trail, const Policies& policies, const Means& means) {
  const bool alone = policies.all().size() == 1;
  if (!begun) {
    if (alone) trail.set_policy(id_of(policies.all().front()));
    return conclude<T>(begun.error(), std::move(trail));
  }
  if (alone) {
    return judge_by<T>(policies.all().front(), std::move(begun).value(), std::move(trail), means);
  }
  trail.pause();
  return judge_by_each<T>(policies.all(), *begun, trail, means);
}

Result<BoundEvidence> parse_and_bind(ByteView evidence, const SessionView& session, Trail& trail) {
  trail.phase("parse");
  RATLS_TRY(auto parsed, ParsedEvidence::parse(evidence, trail));
  trail.phase("binding");
  return bind(std::move(parsed), session, trail);
}

Outcome<AuthenticReport> authenticity(Result<ParsedEvidence> parsed, Trail trail,
                                      const RootOfTrust& roots, const Clock& clock) {
  if (!parsed) return conclude<AuthenticReport>(parsed.error(), std::move(trail));
  auto authentic = authenticate(std::move(parsed).value(), roots, std::nullopt, clock, trail);
  return conclude(std::move(authentic), std::move(trail));
}

}  // namespace

struct Verifier::State {
  State(Policies judging, const Clock& time, std::shared_ptr<CollateralSource> source)
      : policies(std::move(judging)), clock(time), collateral(std::move(source)) {}

  Policies snapshot() {
    const std::lock_guard lock(mutex);
    return policies;
  }
  Means means() { return {clock, collateral.get(), &cache}; }

  std::mutex mutex;  ///< guards `policies`, for the time of a copy, and `generation`
  Policies policies;
  std::uint64_t generation = 0;
  const Clock& clock;
  std::shared_ptr<CollateralSource> collateral;
  detail::EvidenceCache cache;
};

Verifier::Verifier(Policies policies, const Clock& clock,
                   std::shared_ptr<CollateralSource> collateral)
    : state_(std::make_shared<State>(std::move(policies), clock, std::move(collateral))) {}

Verifier::Remembered Verifier::remembered() const noexcept {
  return {state_->cache.hits, state_->cache.misses};
}

Policies Verifier::policies() const {
  return state_->snapshot();
}

void Verifier::replace_policy(Policies policies) {
  const std::lock_guard lock(state_->mutex);
  std::swap(state_->policies, policies);  // the old ones end outside the lock
  ++state_->generation;
}

std::uint64_t Verifier::policy_generation() const {
  const std::lock_guard lock(state_->mutex);
  return state_->generation;
}

Outcome<VerifiedPeer> Verifier::verify(ByteView evidence_cbor, const SessionView& session) const {
  Trail trail(Scope::session);
  auto bound = parse_and_bind(evidence_cbor, session, trail);
  return ask<VerifiedPeer>(std::move(bound), std::move(trail), policies(), state_->means());
}

std::shared_ptr<const KeptEvidence> Verifier::keep(const VerifiedPeer& peer,
                                                   ByteView peer_spki) const {
  const detail::EvidenceState* state = detail::StageDoor::look(peer);
  const auto now = state_->clock.now();
  if (state == nullptr || !state->policy || state->level != Level::exporter || !now) return nullptr;
  if (!equal_ct(hash_spki(peer_spki).view(), state->spki_hash.view())) return nullptr;
  return std::shared_ptr<const KeptEvidence>(
      new KeptEvidence(state->received, {peer_spki.begin(), peer_spki.end()}, state->role,
                       state->binder, *state->policy, *now, peer.guest_name()));
}

Outcome<VerifiedPeer> Verifier::verify_again(const KeptEvidence& kept,
                                             std::chrono::seconds max_age) const {
  const Policies policies = state_->snapshot();
  const Policy* policy = still_in_force(kept, policies);
  Trail trail(Scope::session);
  trail.set_policy(id_of(policy != nullptr ? *policy : policies.all().front()));
  trail.phase("resumption");
  const SessionView then{kept.spki_, kept.role_, Level::exporter, kept.binder_};
  auto walked = [&]() -> Result<VerifiedPeer> {
    RATLS_TRY(const auto age,
              check_resumption(kept, policy != nullptr, state_->clock, max_age, trail));
    RATLS_TRY(auto bound, parse_and_bind(*kept.evidence_, then, trail));
    trail.phase("report");
    RATLS_TRY(auto peer, judge(std::move(bound), *policy, state_->means(), trail));
    StageDoor::mark_resumed(peer, age);
    return peer;
  }();
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AcceptedReport> Verifier::verify_report(const ReportFile& file) const {
  Trail trail(Scope::report);
  trail.phase("parse");
  auto parsed = ParsedEvidence::from_file(file, trail);
  return ask<AcceptedReport>(std::move(parsed), std::move(trail), policies(), state_->means());
}

Outcome<AcceptedReport> Verifier::verify_certificate(const CertificateFile& file) const {
  Trail trail(Scope::certificate);
  trail.phase("parse");
  auto parsed = ParsedEvidence::from_certificate(file, trail);
  return ask<AcceptedReport>(std::move(parsed), std::move(trail), policies(), state_->means());
}

Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const RootOfTrust& roots,
                                             const Clock& clock) {
  Trail trail(Scope::authenticity);
  trail.phase("parse");
  auto parsed = ParsedEvidence::from_file(file, trail);
  return authenticity(std::move(parsed), std::move(trail), roots, clock);
}

Outcome<AuthenticReport> authenticate_certificate(const CertificateFile& file,
                                                  const RootOfTrust& roots, const Clock& clock) {
  Trail trail(Scope::authenticity);
  trail.phase("parse");
  auto parsed = ParsedEvidence::from_certificate(file, trail);
  return authenticity(std::move(parsed), std::move(trail), roots, clock);
}

Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const Clock& clock) {
  return authenticate_report(file, RootOfTrust::amd(), clock);
}

}  // namespace ratls
