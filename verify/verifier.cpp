#include <ratls/verify/verifier.h>

#include <mutex>

#include <ratls/core/signing_key.h>
#include <ratls/verify/detail/evidence_cache.h>
#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

Result<VerifiedPeer> walk(ByteView evidence, const SessionView& session, const Policy& policy,
                          const Clock& clock, const Aids& aids, Trail& trail) {
  trail.phase("parse");
  RATLS_TRY(auto parsed, ParsedEvidence::parse(evidence, trail));
  trail.phase("binding");
  RATLS_TRY(auto bound, bind(std::move(parsed), session, trail));
  trail.phase("report");
  RATLS_TRY(auto authentic, authenticate(std::move(bound), policy.roots(),
                                         *detail::data_of(policy).revocation, clock, trail, aids));
  return appraise(std::move(authentic), policy, clock, trail);
}

Result<AuthenticReport> walk_file(const ReportFile& file, const RootOfTrust& roots,
                                  const std::optional<Revocation>& revocation, const Clock& clock,
                                  const Aids& aids, Trail& trail) {
  trail.phase("parse");
  RATLS_TRY(auto parsed, ParsedEvidence::from_file(file, trail));
  return authenticate(std::move(parsed), roots, revocation, clock, trail, aids);
}

Result<AcceptedReport> walk_file(const ReportFile& file, const Policy& policy, const Clock& clock,
                                 const Aids& aids, Trail& trail) {
  RATLS_TRY(auto authentic, walk_file(file, policy.roots(), detail::data_of(policy).revocation,
                                      clock, aids, trail));
  return appraise(std::move(authentic), policy, clock, trail);
}

Result<AuthenticReport> walk_certificate(const CertificateFile& file, const RootOfTrust& roots,
                                         const std::optional<Revocation>& revocation,
                                         const Clock& clock, const Aids& aids, Trail& trail) {
  trail.phase("parse");
  RATLS_TRY(auto parsed, ParsedEvidence::from_certificate(file, trail));
  return authenticate(std::move(parsed), roots, revocation, clock, trail, aids);
}

Result<AcceptedReport> walk_certificate(const CertificateFile& file, const Policy& policy,
                                        const Clock& clock, const Aids& aids, Trail& trail) {
  RATLS_TRY(auto authentic,
            walk_certificate(file, policy.roots(), detail::data_of(policy).revocation, clock, aids,
                             trail));
  return appraise(std::move(authentic), policy, clock, trail);
}

PolicyId id_of(const Policy& policy) {
  return {policy.name(), policy.version(), policy.sha256()};
}

// Is it still the same policy, not one that reads alike? `kept` holds on to it, so that no other
// can be at its address.
bool is_in_force(const KeptEvidence& kept, const Policy& policy) {
  return &detail::data_of(kept.policy()) == &detail::data_of(policy);
}

Result<std::chrono::seconds> check_resumption(const KeptEvidence& kept, const Policy& policy,
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
  if (!is_in_force(kept, policy)) {
    return trail.fail(kId, Error(Reason::ticket_policy_replaced), kept.policy().sha256().hex(),
                      policy.sha256().hex());
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

}  // namespace

struct Verifier::State {
  State(Policy judging, const Clock& time, std::shared_ptr<CollateralSource> source)
      : policy(std::move(judging)), clock(time), collateral(std::move(source)) {}

  Policy snapshot() {
    const std::lock_guard lock(mutex);
    return policy;
  }
  Aids aids(const Policy& judging) {
    return {collateral.get(), &cache, detail::data_of(judging).clock.max_skew_seconds};
  }

  std::mutex mutex;  ///< guards `policy`, for the time of a copy, and `generation`
  Policy policy;
  std::uint64_t generation = 0;
  const Clock& clock;
  std::shared_ptr<CollateralSource> collateral;
  detail::EvidenceCache cache;
};

Verifier::Verifier(Policy policy, const Clock& clock, std::shared_ptr<CollateralSource> collateral)
    : state_(std::make_shared<State>(std::move(policy), clock, std::move(collateral))) {}

Policy Verifier::policy() const {
  return state_->snapshot();
}

void Verifier::replace_policy(Policy policy) {
  const std::lock_guard lock(state_->mutex);
  std::swap(state_->policy, policy);  // the old one ends outside the lock
  ++state_->generation;
}

std::uint64_t Verifier::policy_generation() const {
  const std::lock_guard lock(state_->mutex);
  return state_->generation;
}

Outcome<VerifiedPeer> Verifier::verify(ByteView evidence_cbor, const SessionView& session) const {
  const Policy policy = state_->snapshot();
  Trail trail(Scope::session);
  trail.set_policy(id_of(policy));
  auto walked = walk(evidence_cbor, session, policy, state_->clock, state_->aids(policy), trail);
  return conclude(std::move(walked), std::move(trail));
}

std::shared_ptr<const KeptEvidence> Verifier::keep(const VerifiedPeer& peer,
                                                   ByteView peer_spki) const {
  const detail::EvidenceState* state = detail::StageDoor::look(peer);
  const auto now = state_->clock.now();
  if (state == nullptr || !state->policy || state->level != Level::exporter || !now) return nullptr;
  if (!equal_ct(hash_spki(peer_spki).view(), state->spki_hash.view())) return nullptr;
  return std::shared_ptr<const KeptEvidence>(
      new KeptEvidence(state->received, {peer_spki.begin(), peer_spki.end()}, state->role,
                       state->binder, *state->policy, *now, state->guest_name));
}

Outcome<VerifiedPeer> Verifier::verify_again(const KeptEvidence& kept,
                                             std::chrono::seconds max_age) const {
  const Policy policy = state_->snapshot();
  Trail trail(Scope::session);
  trail.set_policy(id_of(policy));
  trail.phase("resumption");
  const SessionView then{kept.spki_, kept.role_, Level::exporter, kept.binder_};
  auto walked = [&]() -> Result<VerifiedPeer> {
    RATLS_TRY(const auto age, check_resumption(kept, policy, state_->clock, max_age, trail));
    RATLS_TRY(auto peer,
              walk(*kept.evidence_, then, policy, state_->clock, state_->aids(policy), trail));
    detail::StageDoor::mark_resumed(peer, age);
    return peer;
  }();
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AcceptedReport> Verifier::verify_report(const ReportFile& file) const {
  const Policy policy = state_->snapshot();
  Trail trail(Scope::report);
  trail.set_policy(id_of(policy));
  auto walked = walk_file(file, policy, state_->clock, state_->aids(policy), trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AcceptedReport> Verifier::verify_certificate(const CertificateFile& file) const {
  const Policy policy = state_->snapshot();
  Trail trail(Scope::certificate);
  trail.set_policy(id_of(policy));
  auto walked = walk_certificate(file, policy, state_->clock, state_->aids(policy), trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const RootOfTrust& roots,
                                             const Clock& clock) {
  Trail trail(Scope::authenticity);
  auto walked = walk_file(file, roots, std::nullopt, clock, {}, trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AuthenticReport> authenticate_certificate(const CertificateFile& file,
                                                  const RootOfTrust& roots, const Clock& clock) {
  Trail trail(Scope::authenticity);
  auto walked = walk_certificate(file, roots, std::nullopt, clock, {}, trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const Clock& clock) {
  return authenticate_report(file, RootOfTrust::amd(), clock);
}

}  // namespace ratls
