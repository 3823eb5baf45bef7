/// The verifier: evidence in, verdict out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/evidence.h>
#include <ratls/verify/kept_evidence.h>
#include <ratls/verify/policies.h>
#include <ratls/verify/verdict.h>

namespace ratls {

/// The record of one appraisal, and its fruit where everything held.
template <class T>
struct [[nodiscard("an ignored outcome is an ignored refusal")]] Outcome {
  Verdict verdict;
  std::optional<T> accepted;  ///< present exactly where no check failed
};

/// Judges evidence by a policy, or by several: then it is accepted where one of them accepts it,
/// and signatures are verified once for each set of roots, not for each policy. Believes AMD's
/// pinned keys, and simulators only where a policy names them, for that policy. Opens no socket,
/// asks no clock but the one it was given, and reads no file but through the collateral source that
/// it was given.
///
/// It remembers which signatures held (certificates, reports, revocation lists), by the digest of
/// all bytes and root keys involved, in about 6 MiB at most: evidence that comes again costs no
/// public-key arithmetic. Binding, dates, revocation and policy are judged every time.
/// Copies share that memory and the policy. Threads: all functions may run at once.
class Verifier {
 public:
  /// `clock` is borrowed and must outlive this object and its copies. A clock that does not know
  /// the time makes every verdict a refusal (no_time). `collateral` may be null: then only what
  /// the evidence carries counts.
  Verifier(Policies policies, const Clock& clock,
           std::shared_ptr<CollateralSource> collateral = nullptr);

  /// Evidence of a peer in a TLS session: the CBOR of protocol.md section 3.
  Outcome<VerifiedPeer> verify(ByteView evidence_cbor, const SessionView& session) const;

  /// Keeps what was accepted in its session, so that it can be judged again. `peer_spki` is the
  /// peer's key in that session. Null where it is another key, where the evidence is bound to less
  /// than the exporter, where it was itself judged again, or where the clock does not know the
  /// time.
  [[nodiscard]] std::shared_ptr<const KeptEvidence> keep(const VerifiedPeer& peer,
                                                         ByteView peer_spki) const;

  /// Judges kept evidence again for a session that was resumed: everything that verify() judges, by
  /// the policy, the lists and the clock of now, and before that: the policy in force is the one
  /// that accepted it, and at most `max_age` has passed since. The accepted peer is of
  /// Level::resumed; that its secret came back is for the caller to know. Further reasons:
  /// ticket_policy_replaced, ticket_expired, clock_set_back.
  Outcome<VerifiedPeer> verify_again(const KeptEvidence& kept, std::chrono::seconds max_age) const;

  /// A file. Accepted means: the policy accepts it; NOT that it belongs to any session.
  Outcome<AcceptedReport> verify_report(const ReportFile& file) const;

  /// A TLS leaf that carries evidence, without its session: its shape and self-signature, that its
  /// evidence is about its key, and the evidence under the policy. Accepted does NOT mean that
  /// whoever shows it holds the key, nor that it belongs to any session; only verify() tells.
  Outcome<AcceptedReport> verify_certificate(const CertificateFile& file) const;

  /// From now on this policy judges, or these, and no other, in all copies. An appraisal that has
  /// begun ends by the policies it began with; each verdict names its own.
  void replace_policy(Policies policies);

  /// What remembering saved so far, counted in reports whose signature was looked at.
  struct Remembered {
    std::uint64_t hits = 0;    ///< known already: no public-key arithmetic
    std::uint64_t misses = 0;  ///< verified, or refused
  };
  [[nodiscard]] Remembered remembered() const noexcept;

  /// The policies that judge now.
  [[nodiscard]] Policies policies() const;
  /// The first of them.
  [[nodiscard]] Policy policy() const { return policies().all().front(); }
  /// How often they were replaced. What was judged while it did not change was judged by those of
  /// now.
  [[nodiscard]] std::uint64_t policy_generation() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Authenticity only: signature, chain to AMD's pinned keys, bindings, dates. Versions 2 to 5. No
/// policy is applied and no revocation list judged, and the verdict says so: this is for looking
/// at evidence, and no substitute for a Verifier.
Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const Clock& clock);

/// The same with other roots.
Outcome<AuthenticReport> authenticate_report(const ReportFile& file, const RootOfTrust& roots,
                                             const Clock& clock);

/// The same of a leaf with evidence, whose own consistency is judged as verify_certificate() does;
/// of Azure's evidence that the quote and the PCR values are genuine, too.
Outcome<AuthenticReport> authenticate_certificate(const CertificateFile& file,
                                                  const RootOfTrust& roots, const Clock& clock);

}  // namespace ratls
