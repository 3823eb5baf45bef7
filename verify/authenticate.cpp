#include <ratls/verify/azure/detail/checks.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/detail/evidence_cache.h>
#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/revocation.h>
#include <ratls/verify/detail/summary.h>
#include <ratls/verify/snp/detail/endorsing.h>

namespace ratls {

namespace {

using detail::Endorsed;
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

void take_known(EvidenceState& state, const std::shared_ptr<const Endorsed>& known) {
  state.endorsement = {known, &known->endorsement};
  state.issuer = {known, &known->issuer};
}

// What is the same byte for byte as something that verified is taken as it was read then.
void recall_shown(EvidenceState& state, const RootOfTrust& roots, const Aids& aids) {
  if (aids.cache == nullptr || !state.endorsement_file) return;
  const auto shown =
      aids.cache->shown.find(state.report_bytes, *state.endorsement_file, roots.digest());
  if (shown == nullptr) return;
  state.report = shown->fields;
  state.endorsement_key = shown->endorsement_key;
  state.shown_before = true;
  take_known(state, shown->endorsed);
}

Result<void> read_report(EvidenceState& state, Trail& trail) {
  if (!state.shown_before) {
    auto report = snp::detail::parse_report(state.report_bytes);
    if (!report) return trail.fail("report", report.error());
    state.report = *std::move(report);
  }
  trail.pass("report", "version " + std::to_string(state.report.version) + ", VMPL " +
                           std::to_string(state.report.vmpl) + ", firmware " +
                           state.report.current_firmware.text());
  return {};
}

Result<Endorsement> read_endorsement(const Bytes& file) {
  RATLS_TRY(auto certificate, Certificate::parse_der_or_pem(file, Reason::malformed_endorsement));
  return snp::detail::parse_endorsement(std::move(certificate));
}

EndorsementQuery query_for(const snp::detail::Report& report) {
  EndorsementQuery out;
  out.kind = report.signing_key;
  if (report.product) out.line = snp::line_of(*report.product);
  out.chip_id = report.chip_id;
  out.reported_tcb = report.reported_tcb;
  return out;
}

// Sources in order: the evidence, then whatever the program has at hand. None waits for a network.
Result<void> find_endorsement(EvidenceState& state, CollateralSource* collateral, Trail& trail) {
  if (state.endorsement_file) return {};
  std::string hint;
  if (collateral != nullptr) {
    const EndorsementQuery query = query_for(state.report);
    state.endorsement_file = collateral->endorsement(query);
    if (state.endorsement_file) return {};
    collateral->wanted(query);
    hint = "not in the collateral store either; fetch it, then let the peer try again";
  }
  return trail.fail("endorsement", Error(Reason::missing_endorsement), "none",
                    std::string(snp::name(state.report.signing_key)) + " of this chip and TCB",
                    std::move(hint));
}

bool recall(EvidenceState& state, const RootOfTrust& roots, detail::EvidenceCache& cache) {
  state.endorsement_key = detail::endorsement_key(roots, *state.endorsement_file);
  const auto known = cache.endorsements.find(state.endorsement_key);
  if (known != nullptr) take_known(state, known);
  return known != nullptr;
}

// A certificate that verified once under these roots is taken as it was read then.
Result<void> read_or_recall(EvidenceState& state, const RootOfTrust& roots, const Aids& aids,
                            Trail& trail) {
  if (state.shown_before) return {};
  if (aids.cache != nullptr && recall(state, roots, *aids.cache)) return {};
  auto read = read_endorsement(*state.endorsement_file);
  if (!read) return trail.fail("endorsement", read.error());
  state.endorsement = std::make_shared<const Endorsement>(*std::move(read));
  return {};
}

Result<void> take_endorsement(EvidenceState& state, const RootOfTrust& roots, const Aids& aids,
                              Trail& trail) {
  RATLS_CHECK(find_endorsement(state, aids.collateral, trail));
  RATLS_CHECK(read_or_recall(state, roots, aids, trail));
  trail.pass("endorsement", std::string(snp::name(state.endorsement->kind)) + " from " +
                                state.endorsement->certificate.issuer_cn());
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

Result<void> verify_chain(EvidenceState& state, const RootOfTrust& roots,
                          detail::EvidenceCache* cache) {
  RATLS_TRY(const TrustedIssuer* issuer, snp::detail::check_chain(*state.endorsement, roots));
  auto endorsed = std::make_shared<const Endorsed>(Endorsed{*state.endorsement, *issuer});
  state.issuer = {endorsed, &endorsed->issuer};
  if (cache != nullptr) cache->endorsements.insert(state.endorsement_key, std::move(endorsed));
  return {};
}

Result<void> settle_chain(EvidenceState& state, const RootOfTrust& roots, const Aids& aids,
                          Trail& trail) {
  if (state.issuer == nullptr) {
    const auto verified = verify_chain(state, roots, aids.cache);
    if (!verified) return trail.fail("chain", verified.error());
  }
  state.simulated = state.issuer->simulated;
  if (state.simulated) trail.set_simulated();
  const std::string line(snp::amd_name(state.endorsement->line));
  const std::string middle = state.endorsement->kind == snp::SigningKeyKind::vcek ? "ASK" : "ASVK";
  trail.pass("chain",
             "report <- " + std::string(snp::name(state.endorsement->kind)) + " <- " + middle +
                 " <- ARK-" + line +
                 (state.simulated ? " (SIMULATED root, named by the policy)" : " (built-in root)"));
  return {};
}

void remember(const EvidenceState& state, const RootOfTrust& roots, detail::EvidenceCache& cache) {
  auto endorsed = cache.endorsements.find(state.endorsement_key);
  if (endorsed == nullptr) return;
  cache.shown.insert(std::make_shared<const detail::Shown>(
      detail::Shown{state.report_bytes, *state.endorsement_file, roots.digest(), state.report,
                    state.endorsement_key, std::move(endorsed)}));
}

// Keyed by the bytes of report, certificate and roots: another report is another question.
Result<void> verify_signature(const EvidenceState& state, const RootOfTrust& roots,
                              detail::EvidenceCache* cache) {
  const auto check = [&] {
    return snp::detail::check_signature(state.report_bytes, state.report, *state.endorsement);
  };
  if (cache == nullptr) return check();
  if (state.shown_before) {
    ++cache->hits;
    return {};
  }
  const auto key = detail::signature_key(state.endorsement_key, state.report_bytes);
  const bool known = cache->signatures.find(key) != nullptr;
  ++(known ? cache->hits : cache->misses);
  if (!known) {
    RATLS_CHECK(check());
    cache->signatures.insert(key, std::make_shared<const detail::SignatureHolds>());
  }
  remember(state, roots, *cache);
  return {};
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
  std::string early = detail::clock_hint(certificate.not_before(), *now, "the certificate");
  if (!early.empty()) return early;
  const std::int64_t late = now->unix_seconds - certificate.not_after().unix_seconds;
  if (late > 0) return "expired " + days(late) + " ago; fetch a newer one, or check the clock";
  return {};
}

Result<void> settle_validity(const EvidenceState& state, const Clock& clock, const Aids& aids,
                             Trail& trail) {
  const Certificate& certificate = state.endorsement->certificate;
  return settle(trail, "validity",
                snp::detail::check_validity(*state.endorsement, clock, aids.max_skew_seconds),
                to_rfc3339(certificate.not_before()) + " to " + to_rfc3339(certificate.not_after()),
                skew_hint(certificate, clock));
}

Result<void> settle_revocation(const EvidenceState& state, const std::optional<Revocation>& rule,
                               const Clock& clock, const Aids& aids, Trail& trail) {
  if (!rule) {
    trail.skip("revocation", "no policy says what to do");
    return {};
  }
  const ByteView stapled = state.crl_der ? ByteView(*state.crl_der) : ByteView();
  std::string hint;
  const auto said = detail::check_revocation(stapled, *state.issuer, *rule, clock, aids, hint);
  if (!said) return trail.fail("revocation", said.error(), {}, {}, std::move(hint));
  trail.pass("revocation", *said);
  return {};
}

// docs/protocol.md, section 10: cheapest refusal first; nothing goes on after a failure here.
Result<void> run(EvidenceState& state, const RootOfTrust& roots,
                 const std::optional<Revocation>& revocation, const Clock& clock, const Aids& aids,
                 Trail& trail) {
  recall_shown(state, roots, aids);
  RATLS_CHECK(read_report(state, trail));
  if (state.azure) RATLS_CHECK(azure::detail::settle_runtime_data(state, trail));
  RATLS_CHECK(take_endorsement(state, roots, aids, trail));
  const auto& endorsement = *state.endorsement;
  RATLS_CHECK(settle(trail, "signing_key",
                     snp::detail::check_signing_key(state.report, endorsement),
                     std::string(snp::name(endorsement.kind))));
  RATLS_CHECK(settle_product(state, trail));
  trail.phase("chain");
  RATLS_CHECK(settle_chain(state, roots, aids, trail));
  RATLS_CHECK(settle_chip(state, trail));
  RATLS_CHECK(settle(trail, "endorsed_tcb",
                     snp::detail::check_endorsed_tcb(state.report, endorsement),
                     state.report.reported_tcb.text()));
  trail.phase("signature");
  RATLS_CHECK(settle(trail, "signature", verify_signature(state, roots, aids.cache),
                     "ECDSA P-384 over all 672 signed bytes"));
  trail.set_peer(detail::summarise(state));
  if (state.azure) RATLS_CHECK(azure::detail::settle_quote(state, trail));
  trail.phase("validity");
  RATLS_CHECK(settle_validity(state, clock, aids, trail));
  return settle_revocation(state, revocation, clock, aids, trail);
}

// A file has no session; it is compared with what the caller expects, or the record says that
// nothing was.
Result<void> compare_expected(const EvidenceState& state, Trail& trail) {
  if (state.binding_recorded) return {};
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
                                       Trail& trail, const Aids& aids) {
  RATLS_TRY(EvidencePointer state, StageDoor::take(std::move(evidence)));
  RATLS_CHECK(run(*state, roots, revocation, clock, aids, trail));
  return StageDoor::make<AuthenticEvidence>(std::move(state));
}

Result<AuthenticReport> authenticate(ParsedEvidence&& file, const RootOfTrust& roots,
                                     const std::optional<Revocation>& revocation,
                                     const Clock& clock, Trail& trail, const Aids& aids) {
  RATLS_TRY(EvidencePointer state, StageDoor::take(std::move(file)));
  RATLS_CHECK(compare_expected(*state, trail));
  RATLS_CHECK(run(*state, roots, revocation, clock, aids, trail));
  return StageDoor::make<AuthenticReport>(std::move(state));
}

}  // namespace ratls
