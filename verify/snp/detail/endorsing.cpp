#include <ratls/verify/snp/detail/endorsing.h>

#include <algorithm>

#include <ratls/core/crypto.h>

namespace ratls::snp::detail {

namespace {

constexpr std::size_t kTurinIdSize = 8;

// Memory that ran out is the only error: everything else is "no".
Result<bool> is_signed_by(const Certificate& certificate, const TrustedIssuer& issuer) {
  const bool named =
      issuer.name.empty() || std::equal(issuer.name.begin(), issuer.name.end(),
                                        certificate.issuer().begin(), certificate.issuer().end());
  if (!named) return false;
  auto verified = crypto::verify_rsa_pss_sha384({issuer.modulus, issuer.exponent},
                                                certificate.tbs(), certificate.signature());
  if (!verified && verified.error().reason() == Reason::out_of_memory) {
    return std::move(verified).error();
  }
  return verified.has_value();
}

// The simulator writes what it is into its names. Said by a certificate that nobody vouches for,
// so it only chooses between two refusals.
bool claims_to_be_simulated(const Certificate& certificate) {
  const ByteView mark = as_bytes("ratls simulator");
  const ByteView issuer = certificate.issuer();
  return std::search(issuer.begin(), issuer.end(), mark.begin(), mark.end()) != issuer.end();
}

bool is_turin(const Endorsement& endorsement) {
  return endorsement.line == ProductLine::turin;
}

}  // namespace

Result<void> check_signing_key(const Report& report, const Endorsement& endorsement) {
  if (report.signing_key == endorsement.kind) return {};
  return Error(Reason::signing_key_mismatch,
               "the report names a " + std::string(name(report.signing_key)) +
                   ", the certificate is a " + std::string(name(endorsement.kind)));
}

Result<Product> check_product(const Report& report, const Endorsement& endorsement) {
  if (report.product) {
    if (line_of(*report.product) == endorsement.line) return *report.product;
    return Error(Reason::product_mismatch,
                 "the report is from " + std::string(name(*report.product)) +
                     ", the certificate for " + std::string(amd_name(endorsement.line)));
  }
  if (endorsement.line == ProductLine::milan) return Product::milan;
  if (endorsement.line == ProductLine::genoa) return Product::genoa;
  return Error(Reason::product_mismatch, "a version 2 report cannot come from Turin");
}

Result<const TrustedIssuer*> check_chain(const Endorsement& endorsement, const RootOfTrust& roots) {
  for (const TrustedIssuer* issuer : roots.issuers(endorsement.line, endorsement.kind)) {
    RATLS_TRY(const bool signed_by_it, is_signed_by(endorsement.certificate, *issuer));
    if (signed_by_it) return issuer;
  }
  if (!roots.has_simulators() && claims_to_be_simulated(endorsement.certificate)) {
    return Error(Reason::simulated_not_allowed, "signed by a simulator, and none is trusted");
  }
  return Error(Reason::chain_untrusted,
               "not signed by " + endorsement.certificate.issuer_cn() + "'s key");
}

Result<void> check_chip_id(const Report& report, const Endorsement& endorsement) {
  if (endorsement.kind == SigningKeyKind::vlek) return {};
  if (report.chip_id.is_zero()) return Error(Reason::chip_id_masked, "CHIP_ID is zero");
  const ByteView id = report.chip_id.view();
  const std::size_t size = is_turin(endorsement) ? kTurinIdSize : ChipId::kSize;
  const bool same = std::equal(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(size),
                               endorsement.hardware_id.begin(), endorsement.hardware_id.end());
  if (same && is_zero(id.subspan(size))) return {};
  return Error(Reason::chip_id_mismatch,
               "CHIP_ID " + to_hex(id.first(kTurinIdSize)) + "..., hwID " +
                   to_hex(ByteView(endorsement.hardware_id).first(kTurinIdSize)) + "...");
}

Result<void> check_endorsed_tcb(const Report& report, const Endorsement& endorsement) {
  if (report.reported_tcb == endorsement.tcb) return {};
  return Error(Reason::tcb_mismatch,
               "report " + report.reported_tcb.text() + "; certificate " + endorsement.tcb.text());
}

Result<void> check_signature(ByteView report_bytes, const Report& report,
                             const Endorsement& endorsement) {
  const auto key = crypto::P384Point::from(endorsement.certificate.ec_point());
  if (!key) return Error(Reason::signature_invalid, "the certificate's key is no P-384 point");
  RATLS_TRY(const Sha384Digest digest, signed_digest(report_bytes));
  return crypto::verify_p384(*key, digest, report.r, report.s);
}

Result<void> check_validity(const Endorsement& endorsement, const Clock& clock,
                            std::uint32_t max_skew_seconds) {
  const auto now = clock.now();
  if (!now) return Error(Reason::no_time);
  const Certificate& certificate = endorsement.certificate;
  if (now->unix_seconds + max_skew_seconds < certificate.not_before().unix_seconds) {
    return Error(
        Reason::endorsement_not_yet_valid,
        "begins " + to_rfc3339(certificate.not_before()) + ", the clock says " + to_rfc3339(*now));
  }
  if (*now > certificate.not_after()) {
    return Error(Reason::endorsement_expired, "ended " + to_rfc3339(certificate.not_after()) +
                                                  ", the clock says " + to_rfc3339(*now));
  }
  return {};
}

}  // namespace ratls::snp::detail
