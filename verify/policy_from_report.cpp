#include <ratls/verify/policy_from_report.h>

#include <ratls/core/hcl_report.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/evidence_leaf.h>
#include <ratls/verify/snp/detail/endorsing.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::GuestRule;
using detail::PolicyData;
using snp::detail::Endorsement;
using snp::detail::Report;

constexpr std::uint32_t kListAgeHours = 168;
constexpr std::uint32_t kNewestVersion = 5;
// PLATFORM_INFO: what a machine may gain or lose without the guest being less protected.
constexpr std::uint64_t kSmtEnabled = 1U << 0U;
constexpr std::uint64_t kTioEnabled = 1U << 7U;

/// What a policy is made of.
struct Shown {
  ByteView report;
  std::optional<ByteView> endorsement;
  PcrValues pcrs;  ///< that were quoted; empty without a vTPM
};

Result<std::optional<Endorsement>> read_endorsement(const std::optional<ByteView>& file) {
  if (!file) return std::optional<Endorsement>();
  RATLS_TRY(auto certificate, Certificate::parse_der_or_pem(*file, Reason::malformed_endorsement));
  RATLS_TRY(auto endorsement, snp::detail::parse_endorsement(std::move(certificate)));
  return std::optional<Endorsement>(std::move(endorsement));
}

Result<snp::Product> product_of(const Report& report,
                                const std::optional<Endorsement>& endorsement) {
  if (endorsement) return snp::detail::check_product(report, *endorsement);
  if (report.product) return *report.product;
  return Error(Reason::missing_endorsement, "a version 2 report names no processor");
}

template <class Fixed>
Allow<Fixed> exactly(const Fixed& value) {
  return Allow<Fixed>::only({value});
}

void take_machine(const Report& report, snp::Product product, GuestRule& out) {
  out.floors[product] = report.reported_tcb;
  out.launch.floors[product] = report.launch_tcb;
  out.launch.at_most_current = report.current_tcb.at_least(report.launch_tcb);
  out.min_firmware[product] = report.committed_firmware;
  out.mitigations = {report.current_mitigations, report.launch_mitigations};
  std::uint64_t known = 0;
  for (const auto& bit : snp::PlatformInfo::bits()) known |= std::uint64_t{1} << bit.bit;
  const std::uint64_t hazards = kSmtEnabled | kTioEnabled;
  out.platform.must = report.platform_info.raw & known & ~hazards;
  out.platform.must_not = ~report.platform_info.raw & hazards;
  for (std::uint32_t version = report.version; version <= kNewestVersion; ++version) {
    out.report_versions.insert(version);
  }
}

void take_launch(const Report& report, GuestRule& out) {
  out.measurements = exactly(report.measurement);
  out.host_data = exactly(report.host_data);
  out.id_keys = exactly(report.id_key_digest);
  out.author_keys =
      report.author_key_enabled ? exactly(report.author_key_digest) : Allow<snp::KeyDigest>::any();
  out.family_ids = exactly(report.family_id);
  out.image_ids = exactly(report.image_id);
  out.min_guest_svn = report.guest_svn;
  out.vmpls = {report.vmpl};
  out.min_abi = report.policy.abi();
  for (const auto& bit : snp::GuestPolicy::bits()) {
    if (bit.name == "debug" || bit.name == "migration") continue;
    const std::uint64_t mask = std::uint64_t{1} << bit.bit;
    (report.policy.bit(bit.bit) ? out.guest_policy.must : out.guest_policy.must_not) |= mask;
  }
  out.debug_allowed = report.policy.debug();
  out.migration_allowed = report.policy.migration();
}

Result<void> take_identity(const Report& report, const std::optional<Endorsement>& endorsement,
                           GuestRule& out) {
  out.chips = report.chip_id.is_zero() ? Allow<snp::ChipId>::any() : exactly(report.chip_id);
  out.milan_accepted = out.chips.is_any() && out.floors.contains(snp::Product::milan);
  if (report.signing_key == snp::SigningKeyKind::vcek) return {};
  if (!endorsement) {
    return Error(Reason::missing_endorsement, "a VLEK report names no provider");
  }
  RATLS_CHECK(snp::detail::check_signing_key(report, *endorsement));
  out.csp_ids = Allow<std::string>::only({endorsement->csp_id});
  return {};
}

Result<void> take_pcrs(const PcrValues& quoted, const std::vector<std::uint32_t>& wanted,
                       GuestRule& out) {
  if (!quoted.empty() && wanted.empty()) {
    return Error(Reason::pcr_policy_missing,
                 "name the PCRs that count, e.g. 4, 7 and 11 (quoted: " +
                     std::to_string(quoted.size()) + ")");
  }
  for (const std::uint32_t index : wanted) {
    const auto found = quoted.find(index);
    if (found == quoted.end()) {
      return Error(Reason::invalid_policy,
                   quoted.empty() ? "PCRs of a guest without a vTPM"
                                  : "PCR " + std::to_string(index) + " is not in the quote");
    }
    out.pcrs[index] = {found->second};
  }
  return {};
}

Result<void> check_dangers(const Report& report, const PolicyDraft& draft) {
  if (report.policy.debug() && !draft.dangerously_allow_debug) {
    return Error(Reason::debug_allowed, "a policy for it would allow DEBUG");
  }
  if (report.policy.migration() && !draft.dangerously_allow_migration) {
    return Error(Reason::migration_allowed, "a policy for it would allow a migration agent");
  }
  return {};
}

Result<Policy> make(const Shown& shown, const PolicyDraft& draft) {
  RATLS_TRY(const Report report, snp::detail::parse_report(shown.report));
  RATLS_TRY(const auto endorsement, read_endorsement(shown.endorsement));
  RATLS_TRY(const snp::Product product, product_of(report, endorsement));
  RATLS_CHECK(check_dangers(report, draft));
  GuestRule rule;
  rule.name = draft.guest;
  rule.covers = draft.covers;
  take_machine(report, product, rule);
  take_launch(report, rule);
  RATLS_CHECK(take_identity(report, endorsement, rule));
  RATLS_CHECK(take_pcrs(shown.pcrs, draft.tpm_pcrs, rule));
  PolicyData data;
  data.name = draft.name;
  data.version = 1;
  data.expires = draft.expires;
  data.revocation = Revocation::require(kListAgeHours);
  data.accept.push_back(std::move(rule));
  if (draft.simulators_of) data.simulators = detail::data_of(*draft.simulators_of).simulators;
  return detail::make_policy(std::move(data), {});
}

}  // namespace

Result<Policy> policy_from_report(const ReportFile& file, const PolicyDraft& draft) {
  if (is_hcl_report(file.report)) {
    return Error(Reason::tpm_quote_missing,
                 "an HCL report says which paravisor runs and not which system, so no policy is "
                 "made of it; take a certificate with the guest's evidence (ratls cert new)");
  }
  return make({file.report, file.endorsement, {}}, draft);
}

Result<Policy> policy_from_certificate(const CertificateFile& file, const PolicyDraft& draft) {
  RATLS_TRY(const EvidenceLeaf leaf, read_evidence_leaf_file(file.certificate));
  RATLS_TRY(const EvidenceEnvelope envelope, EvidenceEnvelope::decode(leaf.evidence));
  Shown shown;
  shown.endorsement = file.endorsement;
  if (!shown.endorsement && envelope.endorsement) shown.endorsement = *envelope.endorsement;
  if (!envelope.azure) {
    shown.report = envelope.report;
    return make(shown, draft);
  }
  RATLS_TRY(const HclReport hcl, parse_hcl_report(envelope.azure->hcl_report));
  RATLS_TRY(const TpmQuote quote, parse_tpm_quote(envelope.azure->quote));
  RATLS_TRY(shown.pcrs, check_pcr_values(quote, envelope.azure->pcr_values));
  shown.report = hcl.report;
  return make(shown, draft);
}

}  // namespace ratls
