#include <ratls/verify/verifier.h>

#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

Result<VerifiedPeer> walk(ByteView evidence, const SessionView& session, const Policy& policy,
                          const Clock& clock, Trail& trail) {
  trail.phase("parse");
  RATLS_TRY(auto parsed, ParsedEvidence::parse(evidence, trail));
  trail.phase("binding");
  RATLS_TRY(auto bound, bind(std::move(parsed), session, trail));
  trail.phase("report");
  RATLS_TRY(auto authentic, authenticate(std::move(bound), policy.roots(),
                                         *detail::data_of(policy).revocation, clock, trail));
  return appraise(std::move(authentic), policy, clock, trail);
}

Result<AuthenticReport> walk_file(const ReportFile& file, const RootOfTrust& roots,
                                  const std::optional<Revocation>& revocation, const Clock& clock,
                                  Trail& trail) {
  trail.phase("parse");
  RATLS_TRY(auto parsed, ParsedEvidence::from_file(file, trail));
  return authenticate(std::move(parsed), roots, revocation, clock, trail);
}

Result<AcceptedReport> walk_file(const ReportFile& file, const Policy& policy, const Clock& clock,
                                 Trail& trail) {
  RATLS_TRY(auto authentic,
            walk_file(file, policy.roots(), detail::data_of(policy).revocation, clock, trail));
  return appraise(std::move(authentic), policy, clock, trail);
}

template <class T>
Outcome<T> conclude(Result<T> walked, Trail&& trail) {
  Outcome<T> out{std::move(trail).finish(walked.has_value()), std::nullopt};
  if (out.verdict.accepted) out.accepted.emplace(std::move(walked).value());
  return out;
}

}  // namespace

Verifier::Verifier(Policy policy, const Clock& clock) : policy_(std::move(policy)), clock_(clock) {}

Outcome<VerifiedPeer> Verifier::verify(ByteView evidence_cbor, const SessionView& session) const {
  Trail trail(Scope::session);
  trail.set_policy({policy_.name(), policy_.version(), policy_.sha256()});
  auto walked = walk(evidence_cbor, session, policy_, clock_, trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AcceptedReport> Verifier::verify_report(const ReportFile& file) const {
  Trail trail(Scope::report);
  trail.set_policy({policy_.name(), policy_.version(), policy_.sha256()});
  auto walked = walk_file(file, policy_, clock_, trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const RootOfTrust& roots,
                                             const Clock& clock) {
  Trail trail(Scope::authenticity);
  auto walked = walk_file(file, roots, std::nullopt, clock, trail);
  return conclude(std::move(walked), std::move(trail));
}

Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const Clock& clock) {
  return authenticate_report(file, RootOfTrust::amd(), clock);
}

}  // namespace ratls
