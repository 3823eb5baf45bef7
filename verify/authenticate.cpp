#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/summary.h>
#include <ratls/verify/snp/detail/endorsing.h>

namespace ratls {

namespace {

using detail::EvidencePointer;
using detail::EvidenceState;
using detail::StageDoor;
using snp::detail::Endorsement;

constexpr std::int64_t kSecondsADay = 86400;

Result<void> settle(Trail& trail, std::string_view id, const Result<void>& result, std::string got,
                    std::string hint = {}) {
  if (!result) return trail.fail(id, result.error(), {}, {}, std::move(hint));
  trail.pass(id, std::move(got));
  return {};
}

Result<void> read_report(EvidenceState& state, Trail& trail) {
  auto report = snp::detail::parse_report(state.report_bytes);
  if (!report) return trail.fail("report", report.error());
  state.report = *std::move(report);
  trail.pass("report", "version " + std::to_string(state.report.version) + ", VMPL " +
                           std::to_string(state.report.vmpl) + ", firmware " +
                           state.report.current_firmware.text());
  return {};
}

Result<Endorsement> read_endorsement(const Bytes& file) {
  RATLS_TRY(auto certificate, Certificate::parse_der_or_pem(file, Reason::malformed_endorsement));
  return snp::detail::parse_endorsement(std::move(certificate));
}

Result<void> take_endorsement(EvidenceState& state, Trail& trail) {
  if (!state.endorsement_file) {
    return trail.fail("endorsement", Error(Reason::missing_endorsement), "none",
                      std::string(snp::name(state.report.signing_key)) + " of this chip and TCB");
  }
  auto endorsement = read_endorsement(*state.endorsement_file);
  if (!endorsement) return trail.fail("endorsement", endorsement.error());
  trail.pass("endorsement", std::string(snp::name(endorsement->kind)) + " from " +
                                endorsement->certificate.issuer_cn());
  state.endorsement = *std::move(endorsement);
  return {};
}

Result<void> settle_product(EvidenceState& state, Trail& trail) {
  const auto product = snp::detail::check_product(state.report, *state.endorsement);
  if (!product) return trail.fail("product", product.error());
  state.product = *product;
  std::string got(snp::name(*product));
  if (!state.report.product) got += ", by the certificate alone";
  trail.pass("product", std::move(got));
  return {};
}

Result<const TrustedIssuer*> settle_chain(EvidenceState& state, const RootOfTrust& roots,
                                          Trail& trail) {
  const auto issuer = snp::detail::check_chain(*state.endorsement, roots);
  if (!issuer) return trail.fail("chain", issuer.error());
  state.simulated = (*issuer)->simulated;
  if (state.simulated) trail.set_simulated();
  const std::string line(snp::amd_name(state.endorsement->line));
  const std::string middle = state.endorsement->kind == snp::SigningKeyKind::vcek ? "ASK" : "ASVK";
  trail.pass("chain",
             "report <- " + std::string(snp::name(state.endorsement->kind)) + " <- " + middle +
                 " <- ARK-" + line +
                 (state.simulated ? " (SIMULATED root, named by the policy)" : " (built-in root)"));
  return *issuer;
}

Result<void> settle_chip(const EvidenceState& state, Trail& trail) {
  const auto& endorsement = *state.endorsement;
  std::string got = "VCEK is of this chip, " + to_hex(state.report.chip_id.view().first(8)) + "...";
  if (endorsement.kind == snp::SigningKeyKind::vlek) {
    got = "a VLEK names no chip; it is " + endorsement.csp_id + "'s";
  }
  return settle(trail, "chip_id", snp::detail::check_chip_id(state.report, endorsement),
                std::move(got));
}

std::string days(std::int64_t seconds) {
  return std::to_string(seconds / kSecondsADay + 1) + " days";
}

std::string skew_hint(const Certificate& certificate, const Clock& clock) {
  const auto now = clock.now();
  if (!now) return {};
  const std::int64_t early = certificate.not_before().unix_seconds - now->unix_seconds;
  if (early > 0) {
    return "the clock is " + days(early) + " before the certificate; is it set right?";
  }
  const std::int64_t late = now->unix_seconds - certificate.not_after().unix_seconds;
  if (late > 0) return "expired " + days(late) + " ago; fetch a newer one, or check the clock";
  return {};
}

Result<void> settle_validity(const EvidenceState& state, const Clock& clock, Trail& trail) {
  const Certificate& certificate = state.endorsement->certificate;
  return settle(trail, "validity", snp::detail::check_validity(*state.endorsement, clock),
                to_rfc3339(certificate.not_before()) + " to " + to_rfc3339(certificate.not_after()),
                skew_hint(certificate, clock));
}

Result<void> settle_revocation(const EvidenceState& state, const TrustedIssuer& issuer,
                               const std::optional<Revocation>& rule, const Clock& clock,
                               Trail& trail) {
  if (!rule) {
    trail.skip("revocation", "no policy says what to do");
    return {};
  }
  const ByteView crl = state.crl_der ? ByteView(*state.crl_der) : ByteView();
  const auto said = snp::detail::check_revocation(crl, issuer, *rule, clock);
  if (!said) return trail.fail("revocation", said.error());
  trail.pass("revocation", *said);
  return {};
}

// docs/protocol.md, section 10: cheapest refusal first; nothing goes on after a failure here.
Result<void> run(EvidenceState& state, const RootOfTrust& roots,
                 const std::optional<Revocation>& revocation, const Clock& clock, Trail& trail) {
  RATLS_CHECK(read_report(state, trail));
  RATLS_CHECK(take_endorsement(state, trail));
  const auto& endorsement = *state.endorsement;
  RATLS_CHECK(settle(trail, "signing_key",
                     snp::detail::check_signing_key(state.report, endorsement),
                     std::string(snp::name(endorsement.kind))));
  RATLS_CHECK(settle_product(state, trail));
  trail.phase("chain");
  RATLS_TRY(const TrustedIssuer* issuer, settle_chain(state, roots, trail));
  RATLS_CHECK(settle_chip(state, trail));
  RATLS_CHECK(settle(trail, "endorsed_tcb",
                     snp::detail::check_endorsed_tcb(state.report, endorsement),
                     state.report.reported_tcb.text()));
  trail.phase("signature");
  RATLS_CHECK(settle(trail, "signature", snp::detail::check_signature(state.report, endorsement),
                     "ECDSA P-384 over all 672 signed bytes"));
  trail.set_peer(detail::summarise(state));
  trail.phase("validity");
  RATLS_CHECK(settle_validity(state, clock, trail));
  return settle_revocation(state, *issuer, revocation, clock, trail);
}

// A file has no session; it is compared with what the caller expects, or the record says that
// nothing was.
Result<void> compare_expected(const EvidenceState& state, Trail& trail) {
  if (!state.expected_report_data) {
    trail.skip("binding", "no session; give the expected REPORT_DATA to compare it");
    return {};
  }
  const auto shown = snp::detail::peek_report_data(state.report_bytes);
  if (!shown) return trail.fail("report", shown.error());
  if (equal_ct(shown->view(), state.expected_report_data->view())) {
    trail.pass("binding", "REPORT_DATA is as expected (no session)");
    return {};
  }
  return trail.fail("binding", Error(Reason::binding_mismatch), shown->hex(),
                    state.expected_report_data->hex(),
                    "this report was made for something else than was expected");
}

}  // namespace

Result<AuthenticEvidence> authenticate(BoundEvidence&& evidence, const RootOfTrust& roots,
                                       const Revocation& revocation, const Clock& clock,
                                       Trail& trail) {
  RATLS_TRY(EvidencePointer state, StageDoor::take(std::move(evidence)));
  RATLS_CHECK(run(*state, roots, revocation, clock, trail));
  return StageDoor::make<AuthenticEvidence>(std::move(state));
}

Result<AuthenticReport> authenticate(ParsedEvidence&& file, const RootOfTrust& roots,
                                     const std::optional<Revocation>& revocation,
                                     const Clock& clock, Trail& trail) {
  RATLS_TRY(EvidencePointer state, StageDoor::take(std::move(file)));
  RATLS_CHECK(compare_expected(*state, trail));
  RATLS_CHECK(run(*state, roots, revocation, clock, trail));
  return StageDoor::make<AuthenticReport>(std::move(state));
}

}  // namespace ratls
