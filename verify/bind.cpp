#include <ratls/core/signing_key.h>
#include <ratls/verify/detail/report_data.h>

namespace ratls {

namespace {

using detail::EvidenceState;
using detail::StageDoor;

constexpr std::string_view kKeyOnly =
    "DANGEROUS: to no session; accepted because this verifier was told to";

Error mismatch(std::string detail) {
  return Error(Reason::binding_mismatch, std::move(detail));
}

Result<void> check_level(const Claims& claims, const SessionView& session, Trail& trail) {
  const std::string got(name(claims.level));
  if (claims.level >= session.minimum) {
    const bool key_only = claims.level == Level::key;
    trail.pass("level", "bound to " + got, std::string(name(session.minimum)),
               key_only ? std::string(kKeyOnly) : std::string());
    return {};
  }
  return trail.fail("level", Error(Reason::level_too_low), got, std::string(name(session.minimum)));
}

// Every claim against this side's own view; nothing is taken from the peer.
Result<void> check_claims(const Claims& claims, const SessionView& session) {
  if (claims.role != session.role) {
    return mismatch("made as " + std::string(name(claims.role)) + ", shown as " +
                    std::string(name(session.role)));
  }
  if (!equal_ct(claims.pubkey_hash.view(), hash_spki(session.peer_spki).view())) {
    return mismatch("made for another TLS key");
  }
  if (claims.level == Level::key) return {};
  if (!claims.binder || !equal_ct(claims.binder->view(), session.binder.view())) {
    return mismatch("made for another TLS session");
  }
  return {};
}

Result<void> check_binding(const EvidenceState& state, const Claims& claims,
                           const SessionView& session) {
  RATLS_CHECK(check_claims(claims, session));
  return detail::check_report_data(state);
}

}  // namespace

Result<BoundEvidence> bind(ParsedEvidence&& evidence, const SessionView& session, Trail& trail) {
  RATLS_TRY(auto state, StageDoor::take(std::move(evidence)));
  const auto claims = Claims::decode(state->claims_cbor);
  if (!claims) return trail.fail("binding", claims.error());
  RATLS_CHECK(check_level(*claims, session, trail));
  const auto bound = check_binding(*state, *claims, session);
  if (!bound) return trail.fail("binding", bound.error());
  trail.pass("binding", "REPORT_DATA covers this TLS key" + std::string(claims->level == Level::key
                                                                            ? " (not this session)"
                                                                            : " and this session"));
  state->level = claims->level;
  state->spki_hash = claims->pubkey_hash;  // equal, by check_claims()
  state->role = claims->role;
  state->binder = session.binder;
  return StageDoor::make<BoundEvidence>(std::move(state));
}

}  // namespace ratls
