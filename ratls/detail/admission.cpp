#include <ratls/detail/admission.h>

#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/x509.h>

namespace ratls::detail {

namespace {

// The first check that failed, in the words of the verdict.
Error refusal_of(const Verdict& verdict) {
  for (const Check& check : verdict.checks) {
    if (check.status != CheckStatus::fail || !check.reason) continue;
    std::string detail(check.id);
    if (!check.got.empty()) detail += ": got " + check.got;
    if (!check.want.empty()) detail += ", want " + check.want;
    return Error(*check.reason, std::move(detail));
  }
  return Error(Reason::internal, "a verdict that neither accepts nor says why");
}

Result<void> check_pin(ByteView spki, const Sha256Digest& wanted) {
  const Sha256Digest got = crypto::sha256({spki});
  if (equal_ct(got.view(), wanted.view())) return {};
  return Error(Reason::pin_mismatch, "got key sha256 " + got.hex() + ", want " + wanted.hex());
}

}  // namespace

Result<EvidenceLeaf> read_evidence_leaf(const PeerLeaf& leaf) {
  if (!leaf.lone) {
    return Error(Reason::malformed_certificate, "more than one certificate in the message");
  }
  // Peers of other protocols send larger ones; read_evidence_leaf() tells them so.
  RATLS_TRY(const auto certificate, Certificate::parse(leaf.der, Reason::malformed_certificate,
                                                       Certificate::kMaxForeignSize));
  return ratls::read_evidence_leaf(certificate);
}

bool lacks_evidence(const PeerLeaf& leaf) {
  if (!leaf.lone) return false;
  const auto certificate = Certificate::parse(leaf.der, Reason::malformed_certificate);
  if (!certificate) return false;
  for (const auto& extension : certificate->extensions()) {
    if (extension.oid == kEvidenceOid) return false;
  }
  return true;
}

bool carries_evidence(ByteView certificate) {
  return !lacks_evidence({{certificate.begin(), certificate.end()}, true});
}

Result<void> Admission::judge(const PeerLeaf& leaf, TlsEngine& engine) {
  if (peer_ || verdict_) return Error(Reason::internal, "a peer was judged twice");
  if (const auto* key = std::get_if<AcceptKey>(&rule_)) return judge_key(leaf, key->spki_sha256);
  if (const auto* evidence = std::get_if<AcceptEvidence>(&rule_)) {
    return judge_evidence(leaf, engine, *evidence);
  }
  return Error(Reason::internal, "a leaf was offered where a CA decides");
}

Result<void> Admission::judge_key(const PeerLeaf& leaf, const Sha256Digest& wanted) {
  RATLS_TRY(const auto certificate, Certificate::parse(leaf.der, Reason::malformed_certificate));
  const ByteView spki = certificate.spki();
  RATLS_CHECK(check_pin(spki, wanted));
  peer_ = Peer(std::nullopt, {spki.begin(), spki.end()});
  return {};
}

Result<void> Admission::judge_evidence(const PeerLeaf& leaf, TlsEngine& engine,
                                       const AcceptEvidence& accept) {
  RATLS_TRY(EvidenceLeaf parts, read_evidence_leaf(leaf));
  const SpkiHash hash = hash_spki(parts.spki);
  const bool is_server = judged_side_ == Side::server;
  RATLS_TRY(const Binder binder,
            is_server ? engine.server_binder(hash) : engine.client_binder(hash));
  const Level strongest = is_server ? Level::handshake : Level::exporter;
  const SessionView session{parts.spki, is_server ? Role::server : Role::client,
                            accept.dangerously_accept_key_bound ? Level::key : strongest, binder};
  auto outcome = accept.verifier->verify(parts.evidence, session);
  return keep(std::move(outcome), std::move(parts.spki));
}

// The key and its absence are this side's own view of the handshake; the role is what keeps one
// side's evidence from being the other's.
Result<void> Admission::judge_answer(ByteView evidence, ByteView context, const Verifier& verifier,
                                     TlsEngine& engine) {
  peer_.reset();
  verdict_.reset();
  Bytes spki = engine.peer_spki();
  const Role role =
      judged_side_ == Side::server ? Role::post_handshake_server : Role::post_handshake_client;
  RATLS_TRY(const Binder binder, engine.post_binder(context, role, hash_spki(spki)));
  auto outcome = verifier.verify(evidence, SessionView{spki, role, Level::exporter, binder});
  return keep(std::move(outcome), std::move(spki));
}

Result<void> Admission::keep(Outcome<VerifiedPeer> outcome, Bytes spki) {
  verdict_ = std::move(outcome.verdict);
  if (!outcome.accepted) return refusal_of(*verdict_);
  const auto age = outcome.accepted->evidence_age();
  peer_ = Peer(std::move(outcome.accepted), std::move(spki), age);
  return {};
}

// In the place of callback, leaf and key stand the ticket and the evidence behind it.
Result<void> Admission::judge_again(const KeptEvidence& kept, std::chrono::seconds lifetime) {
  if (peer_ || verdict_) return Error(Reason::internal, "a peer was judged twice");
  const auto* accept = std::get_if<AcceptEvidence>(&rule_);
  if (accept == nullptr) return Error(Reason::internal, "a ticket where no evidence is judged");
  const ByteView spki = kept.peer_spki();
  return keep(accept->verifier->verify_again(kept, lifetime), {spki.begin(), spki.end()});
}

Result<void> Admission::judge_carried(ByteView spki, std::chrono::seconds age) {
  if (peer_ || verdict_) return Error(Reason::internal, "a peer was judged twice");
  const auto* key = std::get_if<AcceptKey>(&rule_);
  if (key == nullptr) return Error(Reason::internal, "a ticket where no key is pinned");
  RATLS_CHECK(check_pin(spki, key->spki_sha256));
  peer_ = Peer(std::nullopt, {spki.begin(), spki.end()}, age);
  return {};
}

Result<void> Admission::judge_ca(TlsEngine& engine) {
  if (ca() == nullptr) return Error(Reason::internal, "no CA decides here");
  Bytes spki = engine.peer_spki();
  if (spki.empty()) return Error(Reason::malformed_certificate, "the server sent no certificate");
  peer_ = Peer(std::nullopt, std::move(spki));
  return {};
}

// The engine has compared the PSK with the ticket's. mbedTLS shows no certificate then, and
// whatever it would show is the first session's.
Result<void> Admission::confirm_resumed(TlsEngine& engine) const {
  const bool bare = engine.judge_calls() == 0 && engine.peer_spki().empty();
  if (bare && !peer_->spki().empty()) return {};
  return Error(Reason::malformed_certificate, "a certificate in a session that was resumed");
}

// A client may come without a certificate only where its evidence came in a frame: then there was
// nothing to call the judge for.
Result<void> Admission::confirm(TlsEngine& engine) const {
  if (!peer_) return Error(Reason::internal, "nobody judged the peer");
  if (engine.resumed() != peer_->resumed_after().has_value()) {
    return Error(Reason::internal, "resumed here and not there");
  }
  if (engine.resumed()) return confirm_resumed(engine);
  const bool bare = peer_->spki().empty() && peer_->attested() != nullptr;
  if (engine.judge_calls() != (bare ? 0 : 1)) {
    return Error(Reason::malformed_certificate,
                 "the peer's certificate was not judged exactly once");
  }
  if (!equal_ct(peer_->spki(), engine.peer_spki())) {
    return Error(Reason::malformed_certificate, "the judged key is not this session's");
  }
  return {};
}

Result<Peer> Admission::admit([[maybe_unused]] HandshakeDone done, TlsEngine& engine) && {
  RATLS_CHECK(confirm(engine));
  Peer out = std::move(*peer_);
  peer_.reset();
  return out;
}

Result<Peer> Admission::renew([[maybe_unused]] Peer&& admitted, TlsEngine& engine) {
  RATLS_CHECK(confirm(engine));
  Peer out = std::move(*peer_);
  peer_.reset();
  return out;
}

}  // namespace ratls::detail
