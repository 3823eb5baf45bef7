/// Whom this side accepts, applied to one connection.
#pragma once

#include <optional>
#include <variant>

#include <ratls/config.h>
#include <ratls/detail/tls_engine.h>
#include <ratls/peer.h>
#include <ratls/verify/evidence_leaf.h>

namespace ratls::detail {

/// The leaf of a peer; it must have come alone. Errors: those of ratls::read_evidence_leaf().
Result<EvidenceLeaf> read_evidence_leaf(const PeerLeaf& leaf);

/// Has a well-formed leaf no evidence of ours? Then it may come after the handshake.
bool lacks_evidence(const PeerLeaf& leaf);
/// Is a VERDICT due to a client that showed this certificate alone? Both sides ask it, so that they
/// agree, however the evidence came into the certificate.
bool carries_evidence(ByteView certificate);

/// Judges one peer, once. The refusal of a policy is an Error with the verdict beside it.
class Admission {
 public:
  using Rule = std::variant<AcceptEvidence, AcceptKey, AcceptCa>;

  Admission(Rule rule, Side judged_side) : rule_(std::move(rule)), judged_side_(judged_side) {}

  [[nodiscard]] bool by_evidence() const { return std::holds_alternative<AcceptEvidence>(rule_); }
  /// Of evidence; null where none is accepted in a certificate.
  [[nodiscard]] const Verifier* verifier() const {
    const auto* accept = std::get_if<AcceptEvidence>(&rule_);
    return accept == nullptr ? nullptr : accept->verifier.get();
  }
  [[nodiscard]] const AcceptCa* ca() const { return std::get_if<AcceptCa>(&rule_); }

  /// Judges the peer's leaf. `engine` supplies this side's own view of the session.
  Result<void> judge(const PeerLeaf& leaf, TlsEngine& engine);
  /// Judges evidence that answered this side's REQUEST with `context`; what was judged before is
  /// forgotten. `engine` as for judge().
  Result<void> judge_answer(ByteView evidence, ByteView context, const Verifier& verifier,
                            TlsEngine& engine);
  /// Judges a client that came back with a ticket, by the evidence that was kept from the session
  /// it goes back to. Errors: as judge(), and those of Verifier::verify_again().
  Result<void> judge_again(const KeptEvidence& kept, std::chrono::seconds lifetime);
  /// Judges a server that took a ticket, by the key that it showed when it gave it, `age` ago.
  Result<void> judge_carried(ByteView spki, std::chrono::seconds age);
  /// A peer that mbedTLS itself verified against the CAs.
  Result<void> judge_ca(TlsEngine& engine);

  /// The key of the peer that was judged and not refused; empty before.
  [[nodiscard]] ByteView judged_spki() const { return peer_ ? peer_->spki() : ByteView(); }
  /// What its evidence proved; null where none was judged, or it was refused.
  [[nodiscard]] const VerifiedPeer* attested() const { return peer_ ? peer_->attested() : nullptr; }
  /// The verdict over the evidence, where there was any; also after a refusal.
  [[nodiscard]] const Verdict* verdict() const { return verdict_ ? &*verdict_ : nullptr; }

  /// Joins what was judged with the finished handshake: every condition of docs/protocol.md,
  /// section 6, "a channel opens only if". Consumes both.
  Result<Peer> admit(HandshakeDone done, TlsEngine& engine) &&;
  /// The same after an answer on an open channel: the admitted peer is exchanged for the new one.
  Result<Peer> renew(Peer&& admitted, TlsEngine& engine);
  /// Those conditions by themselves: a VERDICT that accepts goes out only behind them.
  [[nodiscard]] Result<void> confirm(TlsEngine& engine) const;

 private:
  Result<void> judge_evidence(const PeerLeaf& leaf, TlsEngine& engine,
                              const AcceptEvidence& accept);
  Result<void> judge_key(const PeerLeaf& leaf, const Sha256Digest& wanted);
  Result<void> keep(Outcome<VerifiedPeer> outcome, Bytes spki);
  [[nodiscard]] Result<void> confirm_resumed(TlsEngine& engine) const;

  Rule rule_;
  Side judged_side_;
  std::optional<Verdict> verdict_;
  std::optional<Peer> peer_;
};

}  // namespace ratls::detail
