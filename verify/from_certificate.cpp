#include <ratls/verify/detail/report_data.h>
#include <ratls/verify/evidence_leaf.h>

namespace ratls {

namespace {

using detail::StageDoor;

Result<void> check_key(const detail::EvidenceState& state, const Claims& claims, ByteView spki) {
  if (!equal_ct(claims.pubkey_hash.view(), hash_spki(spki).view())) {
    return Error(Reason::binding_mismatch, "made for another TLS key");
  }
  return detail::check_report_data(state);
}

// Only the TLS session itself can be compared with a binder.
void record_binding(const Claims& claims, Trail& trail) {
  if (claims.level == Level::key) {
    trail.skip("binding", "session unknown; level \"key\" is bound to none");
  } else {
    trail.skip("binding", "session unknown; level \"" + std::string(name(claims.level)) +
                              "\" is bound to one");
  }
}

}  // namespace

Result<ParsedEvidence> ParsedEvidence::from_certificate(const CertificateFile& file, Trail& trail) {
  const auto leaf = read_evidence_leaf_file(file.certificate);
  if (!leaf) return trail.fail("certificate", leaf.error());
  trail.pass("certificate", "self-signed leaf with one evidence extension");
  RATLS_TRY(auto parsed, parse(leaf->evidence, trail));
  RATLS_TRY(auto state, StageDoor::take(std::move(parsed)));
  const auto claims = Claims::decode(state->claims_cbor);
  if (!claims) return trail.fail("leaf_key", claims.error());
  const auto bound = check_key(*state, *claims, leaf->spki);
  if (!bound) return trail.fail("leaf_key", bound.error());
  trail.pass("leaf_key", "REPORT_DATA covers this certificate's key, as " +
                             std::string(name(claims->role)) + " at level " +
                             std::string(name(claims->level)));
  record_binding(*claims, trail);
  RATLS_CHECK(detail::take_endorsement_file(file.endorsement, *state, trail));
  if (file.crl) state->crl_der = Bytes(file.crl->begin(), file.crl->end());
  state->binding_recorded = true;
  return StageDoor::make<ParsedEvidence>(std::move(state));
}

}  // namespace ratls
