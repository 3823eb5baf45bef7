/// The stages of evidence. What has been checked is the type; reading a value needs the type that
/// has earned it.
///
///   bytes -> ParsedEvidence -> BoundEvidence -> AuthenticEvidence -> VerifiedPeer
///                         \--> AuthenticReport ------------------> AcceptedReport
///
/// The upper line is a peer in a TLS session, the lower one a file without a session. Every stage
/// consumes the one before it by &&, has a private constructor and is move-only. Programs use
/// Verifier (verifier.h), which walks the line and keeps the record.
///
/// Limits. A C++ move does not end a lifetime: a moved-from stage is empty, its accessors return
/// zeros, and the next step refuses it. Private constructors stop mistakes, not malice in the same
/// process. The friends of each class are its audit list.
/// Threads: a stage belongs to one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/claims.h>
#include <ratls/core/clock.h>
#include <ratls/core/evidence.h>
#include <ratls/core/report_data.h>
#include <ratls/core/result.h>
#include <ratls/verify/policies.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/snp/types.h>
#include <ratls/verify/verdict.h>

namespace ratls {

namespace detail {
struct EvidenceState;
struct StageDoor;
class EvidenceCache;
using EvidencePointer = std::unique_ptr<EvidenceState>;
}  // namespace detail

class CollateralSource;

class BoundEvidence;
class AuthenticEvidence;
class AuthenticReport;
class VerifiedPeer;
class AcceptedReport;

/// Digest of evidence as received (SHA-256). Names it in logs; never a replay key, since an ECDSA
/// signature has two valid forms.
using EvidenceDigest = FixedBytes<32, struct EvidenceDigestTag>;

/// This side's own view of the session, which the peer's claims must equal.
struct SessionView {
  ByteView peer_spki;  ///< DER SubjectPublicKeyInfo of the peer's certificate; empty without one
  Role role = Role::client;         ///< of the peer
  Level minimum = Level::exporter;  ///< what is demanded; never negotiated down
  Binder binder;                    ///< computed by this side; unused at level `key`
};

/// A file to be judged without a session. Views; the storage must outlive the call.
struct ReportFile {
  ByteView report;                      ///< 1184 bytes, or the HCL report of an Azure guest
  std::optional<ByteView> endorsement;  ///< VCEK or VLEK, DER or PEM
  std::optional<ByteView> crl;          ///< DER
  std::optional<ReportData> expected_report_data;
};

/// A TLS leaf to be judged without its session. Views; the storage must outlive the call.
struct CertificateFile {
  ByteView certificate;         ///< DER, or PEM with exactly one
  std::optional<ByteView> crl;  ///< DER; counts instead of one that is stapled
  /// VCEK or VLEK, DER or PEM; counts instead of one that is stapled.
  std::optional<ByteView> endorsement = std::nullopt;
};

/// What a report claims, as needed to look for its certificate. Not believed.
struct ClaimedOrigin {
  std::uint32_t version = 0;
  std::optional<snp::Product> product;  ///< absent in version 2
  snp::ChipId chip_id;
  snp::Tcb reported_tcb;
  snp::SigningKeyKind signing_key = snp::SigningKeyKind::vcek;
};

/// A policy that accepted, and by which entry of its accept[].
struct Acceptance {
  PolicyId policy;
  std::string guest;
  Covers covers = Covers::image;
};

/// Base of all stages: owns the state, move-only.
class EvidenceStage {
 public:
  EvidenceStage(const EvidenceStage&) = delete;
  EvidenceStage& operator=(const EvidenceStage&) = delete;

 protected:
  explicit EvidenceStage(detail::EvidencePointer state) noexcept;
  EvidenceStage(EvidenceStage&&) noexcept;
  EvidenceStage& operator=(EvidenceStage&&) noexcept;
  ~EvidenceStage();

  friend struct detail::StageDoor;
  detail::EvidencePointer state_;
};

/// Well-formed, not believed.
class ParsedEvidence final : public EvidenceStage {
 public:
  /// The contents of the evidence extension (protocol.md, section 3), at most 8 KiB.
  /// Errors: malformed_evidence.
  static Result<ParsedEvidence> parse(ByteView evidence_cbor, Trail& trail);
  /// Errors: malformed_endorsement and crl_invalid for files that are too large.
  static Result<ParsedEvidence> from_file(const ReportFile& file, Trail& trail);

  /// The evidence inside a leaf, once the leaf is consistent in itself: shape, self-signature,
  /// claims about its own key, REPORT_DATA over these claims. The session stays unknown.
  /// Errors: malformed_certificate, foreign_evidence, malformed_evidence, binding_mismatch;
  /// malformed_endorsement for a file that is too large.
  static Result<ParsedEvidence> from_certificate(const CertificateFile& file, Trail& trail);

  /// For finding the VCEK. Errors: those of a report's shape.
  [[nodiscard]] Result<ClaimedOrigin> claimed_origin() const;

 private:
  friend struct detail::StageDoor;
  using EvidenceStage::EvidenceStage;
};

/// Claims and REPORT_DATA match this session. Still unsigned, as far as we know.
class BoundEvidence final : public EvidenceStage {
 private:
  friend struct detail::StageDoor;
  using EvidenceStage::EvidenceStage;
};

/// Bound, and signed by a chip or provider that chains to a RootOfTrust.
class AuthenticEvidence final : public EvidenceStage {
 private:
  friend struct detail::StageDoor;
  using EvidenceStage::EvidenceStage;
};

/// The same of a file: NOT bound to a session. No policy has seen it.
class AuthenticReport final : public EvidenceStage {
 private:
  friend struct detail::StageDoor;
  using EvidenceStage::EvidenceStage;
};

/// What may be read once a policy has accepted.
class AcceptedClaims : public EvidenceStage {
 public:
  [[nodiscard]] snp::Measurement measurement() const noexcept;
  [[nodiscard]] snp::Tcb tcb() const noexcept;  ///< REPORTED_TCB
  [[nodiscard]] snp::HostData host_data() const noexcept;
  [[nodiscard]] snp::Product product() const noexcept;
  [[nodiscard]] snp::ChipId chip_id() const noexcept;  ///< zero behind most VLEKs
  [[nodiscard]] snp::ReportId report_id() const noexcept;
  [[nodiscard]] snp::FamilyId family_id() const noexcept;
  [[nodiscard]] snp::ImageId image_id() const noexcept;
  [[nodiscard]] snp::KeyDigest id_key_digest() const noexcept;
  [[nodiscard]] std::uint32_t vmpl() const noexcept;
  [[nodiscard]] EvidenceDigest evidence_digest() const noexcept;
  /// From this moment on nothing may rest on this acceptance: the end of the VCEK's or VLEK's
  /// validity, or of the policy's, whichever comes first. A revocation list may end it before.
  [[nodiscard]] Timestamp valid_until() const noexcept;
  /// SHA-256 of the SubjectPublicKeyInfo of the instance's own key; nothing where the policy asked
  /// for none.
  [[nodiscard]] std::optional<Sha256Digest> instance_key() const noexcept;
  /// Every policy that accepted it, in the verifier's order; at least one.
  [[nodiscard]] std::vector<Acceptance> acceptances() const;
  /// Which entry of accept[] it was, and what its measurement covers: of the first acceptance.
  [[nodiscard]] std::string guest_name() const;
  [[nodiscard]] Covers covers() const noexcept;
  /// A simulator's key stands behind it; nothing about hardware is proved.
  [[nodiscard]] bool simulated() const noexcept;

 protected:
  using EvidenceStage::EvidenceStage;
};

/// A file that a policy accepted. NOT bound to a session: whoever holds the file can show it.
class AcceptedReport final : public AcceptedClaims {
 private:
  friend struct detail::StageDoor;
  using AcceptedClaims::AcceptedClaims;
};

/// A peer that is bound to this session, authentic, and accepted by policy.
/// Where the session was resumed, the evidence is bound to an earlier one and was judged again.
class VerifiedPeer final : public AcceptedClaims {
 public:
  /// Level::resumed where this session was.
  [[nodiscard]] Level level() const noexcept;
  /// The TLS key that the evidence is bound to; compare it with the session's.
  [[nodiscard]] SpkiHash spki_hash() const noexcept;
  /// Of a resumed session: how long ago the evidence was accepted in its own, by the verifier's
  /// clock. Nothing where it was made for this one.
  [[nodiscard]] std::optional<std::chrono::seconds> evidence_age() const noexcept;

 private:
  friend struct detail::StageDoor;
  using AcceptedClaims::AcceptedClaims;
};

/// Compares every claim with `session`, folds the Merkle path and compares all 64 bytes of
/// REPORT_DATA in constant time; of Azure's evidence all 48 bytes of the quote's qualifying data.
/// Errors: malformed_evidence, level_too_low, binding_mismatch, quote_binding_mismatch.
Result<BoundEvidence> bind(ParsedEvidence&& evidence, const SessionView& session, Trail& trail);

/// What authentication may lean on. Borrowed for the call.
struct Aids {
  CollateralSource* collateral = nullptr;  ///< asked for what the evidence does not carry
  detail::EvidenceCache* cache = nullptr;  ///< remembers which signatures held
  std::uint32_t max_skew_seconds = 0;      ///< ClockRule of the policy
};

/// Report shape, endorsement, chain, bindings, signature, dates, revocation. Stops at the first
/// failure. Errors: the untrusted, malformed, revoked and outdated ones of core/reasons.def.
Result<AuthenticEvidence> authenticate(BoundEvidence&& evidence, const RootOfTrust& roots,
                                       const Revocation& revocation, const Clock& clock,
                                       Trail& trail, const Aids& aids = {});
/// The same for a file. Without `revocation` no list is judged, and the record says so.
Result<AuthenticReport> authenticate(ParsedEvidence&& file, const RootOfTrust& roots,
                                     const std::optional<Revocation>& revocation,
                                     const Clock& clock, Trail& trail, const Aids& aids = {});

/// Every rule of the policy is judged, also after a failure. Errors: the first failure.
Result<VerifiedPeer> appraise(AuthenticEvidence&& evidence, const Policy& policy,
                              const Clock& clock, Trail& trail);
Result<AcceptedReport> appraise(AuthenticReport&& report, const Policy& policy, const Clock& clock,
                                Trail& trail);

}  // namespace ratls
