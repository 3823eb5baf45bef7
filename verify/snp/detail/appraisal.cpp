#include <ratls/verify/azure/detail/checks.h>
#include <ratls/verify/detail/instance_key.h>
#include <ratls/verify/snp/detail/appraisal.h>
#include <ratls/verify/snp/detail/checks.h>

namespace ratls::snp::detail {

using ratls::detail::BitRule;
using ratls::detail::EvidenceState;
using ratls::detail::GuestRule;
using ratls::detail::PolicyData;

Check passed(std::string_view id, std::string got, std::string want) {
  return {id, CheckStatus::pass, std::move(got), std::move(want), {}};
}

Check failed(std::string_view id, Reason reason, std::string got, std::string want,
             std::string hint) {
  if (hint.empty()) hint = sentence(reason);
  return {id, CheckStatus::fail, std::move(got), std::move(want), std::move(hint), reason};
}

Check skipped(std::string_view id, std::string why) {
  return {id, CheckStatus::skipped, {}, {}, std::move(why)};
}

std::string rule_text(std::span<const NamedBit> bits, const BitRule& rule) {
  std::string out;
  out.reserve(64);
  out.append("set: ").append(bit_names(bits, rule.must)).append("; clear: ");
  return out.append(bit_names(bits, rule.must_not));
}

std::string bit_hint(std::span<const NamedBit> bits, const BitRule& rule, std::uint64_t raw) {
  const std::uint64_t missing = rule.must & ~raw;
  const std::uint64_t surplus = rule.must_not & raw;
  std::string out;
  if (missing != 0) out = bit_names(bits, missing) + " must be set";
  if (surplus != 0) {
    out += (out.empty() ? "" : "; ") + bit_names(bits, surplus) + " must be clear";
  }
  return out;
}

bool RuleOutcome::accepted() const noexcept {
  return failures() == 0;
}

std::size_t RuleOutcome::failures() const noexcept {
  std::size_t count = 0;
  for (const Check& check : checks) count += check.status == CheckStatus::fail ? 1 : 0;
  return count;
}

bool RuleOutcome::measurement_matches() const noexcept {
  return checks.back().status == CheckStatus::pass;
}

Check check_tcb_order(const Report& report) {
  const bool ordered = report.committed_tcb.at_least(report.reported_tcb) &&
                       report.current_tcb.at_least(report.committed_tcb);
  if (ordered) return passed("tcb_order", "reported <= committed <= current");
  return failed("tcb_order", Reason::tcb_order,
                "reported " + report.reported_tcb.text() + ", committed " +
                    report.committed_tcb.text() + ", current " + report.current_tcb.text(),
                "reported <= committed <= current");
}

constexpr std::size_t kRuleChecks = 24;

// Measurement stays last: measurement_matches() looks there.
RuleOutcome judge(const EvidenceState& state, const PolicyData& policy, const GuestRule& rule) {
  RuleOutcome out{&rule, {}};
  out.checks.reserve(kRuleChecks);
  for (const auto check :
       {check_version,      check_accepted_product, check_tcb_floor, check_launch_tcb,
        check_firmware,     check_mitigations,      check_debug,     check_migration,
        check_guest_policy, check_guest_abi,        check_vmpl,      check_platform,
        check_chip,         check_denied_chip,      check_csp,       check_host_data,
        check_id_key,       check_author_key,       check_family_id, check_image_id,
        check_guest_svn}) {
    out.checks.push_back(check(state, rule));
  }
  if (state.azure || !rule.pcrs.empty()) {
    out.checks.push_back(azure::detail::check_pcrs(state, rule));
  }
  if (rule.instance) out.checks.push_back(ratls::detail::check_instance_key(state, rule));
  out.checks.push_back(check_measurement(state.report, policy, rule));
  return out;
}

}  // namespace ratls::snp::detail
