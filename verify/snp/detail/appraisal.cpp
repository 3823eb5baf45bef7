#include <ratls/verify/snp/detail/appraisal.h>

#include <ratls/verify/snp/detail/describe.h>

namespace ratls::snp::detail {

namespace {

using ratls::detail::Allow;
using ratls::detail::BitRule;
using ratls::detail::EvidenceState;
using ratls::detail::GuestRule;
using ratls::detail::PolicyData;

Check passed(std::string_view id, std::string got, std::string want = {}) {
  return {std::string(id), CheckStatus::pass, std::move(got), std::move(want), {}};
}

Check failed(std::string_view id, Reason reason, std::string got, std::string want,
             std::string hint = {}) {
  if (hint.empty()) hint = sentence(reason);
  return {std::string(id), CheckStatus::fail, std::move(got),
          std::move(want), std::move(hint),   reason};
}

Check skipped(std::string_view id, std::string why) {
  return {std::string(id), CheckStatus::skipped, {}, {}, std::move(why)};
}

std::string numbers(const std::set<std::uint32_t>& values) {
  std::string out;
  for (const std::uint32_t value : values) {
    out += (out.empty() ? "" : " or ") + std::to_string(value);
  }
  return out;
}

Check check_version(const EvidenceState& state, const GuestRule& rule) {
  const std::uint32_t version = state.report.version;
  const std::string got = "version " + std::to_string(version);
  const std::string want = "version " + numbers(rule.report_versions);
  if (rule.report_versions.contains(version)) return passed("report_version", got, want);
  return failed("report_version", Reason::report_version_not_allowed, got, want,
                version == 2 ? "version 2 names no processor; update the firmware, or list 2 in "
                               "report_versions if you accept that"
                             : "");
}

Check check_product(const EvidenceState& state, const GuestRule& rule) {
  std::string want;
  for (const auto& [product, floor] : rule.floors) {
    want += (want.empty() ? "" : " or ") + std::string(name(product));
  }
  const std::string got(name(state.product));
  if (rule.floors.contains(state.product)) return passed("accepted_product", got, want);
  return failed("accepted_product", Reason::product_not_allowed, got, want);
}

// The floor holds for the TCB that the key is derived from, and for the one that the host can
// no longer roll back below.
Check check_tcb_floor(const EvidenceState& state, const GuestRule& rule) {
  const auto found = rule.floors.find(state.product);
  if (found == rule.floors.end()) return skipped("tcb", "the policy has no floor for this product");
  const Tcb& floor = found->second;
  const std::string want = "at least " + floor.text();
  const Tcb& reported = state.report.reported_tcb;
  const Tcb& committed = state.report.committed_tcb;
  if (!reported.at_least(floor)) {
    return failed("tcb", Reason::tcb_below_floor, "reported " + reported.text(), want,
                  reported.shortfall(floor) + "; update the host's firmware");
  }
  if (!committed.at_least(floor)) {
    return failed(
        "tcb", Reason::tcb_below_floor, "committed " + committed.text(), want,
        committed.shortfall(floor) + "; the host can still roll back: have it commit its firmware");
  }
  return passed("tcb", reported.text() + " (floor " + floor.text() + ")", want);
}

Check check_debug(const EvidenceState& state, const GuestRule& rule) {
  if (!state.report.policy.debug()) return passed("debug", "off");
  if (rule.debug_allowed) return passed("debug", "ON, which the policy dangerously allows");
  return failed("debug", Reason::debug_allowed, "DEBUG is set", "clear");
}

Check check_migration(const EvidenceState& state, const GuestRule& rule) {
  if (!state.report.policy.migration()) return passed("migration", "off");
  if (rule.migration_allowed) return passed("migration", "ON, which the policy dangerously allows");
  return failed("migration", Reason::migration_allowed, "MIGRATE_MA is set", "clear");
}

std::string rule_text(std::span<const NamedBit> bits, const BitRule& rule) {
  return "set: " + bit_names(bits, rule.must) + "; clear: " + bit_names(bits, rule.must_not);
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

Check check_guest_policy(const EvidenceState& state, const GuestRule& rule) {
  const auto bits = GuestPolicy::bits();
  const GuestPolicy& policy = state.report.policy;
  const std::string want = rule_text(bits, rule.guest_policy);
  const std::string got = hex_number(policy.raw) + " (" + policy.text() + ")";
  if (rule.guest_policy.accepts(policy.raw)) return passed("guest_policy", got, want);
  return failed("guest_policy", Reason::guest_policy_not_allowed, got, want,
                bit_hint(bits, rule.guest_policy, policy.raw));
}

Check check_vmpl(const EvidenceState& state, const GuestRule& rule) {
  const std::string got = "VMPL " + std::to_string(state.report.vmpl);
  const std::string want = "VMPL " + numbers(rule.vmpls);
  if (rule.vmpls.contains(state.report.vmpl)) return passed("vmpl", got, want);
  return failed("vmpl", Reason::vmpl_not_allowed, got, want);
}

Check check_platform(const EvidenceState& state, const GuestRule& rule) {
  const auto bits = PlatformInfo::bits();
  const PlatformInfo& info = state.report.platform_info;
  std::string got = hex_number(info.raw) + " (" + info.text() + ")";
  if (info.unknown() != 0) got += ", unknown bits " + hex_number(info.unknown());
  const std::string want = rule_text(bits, rule.platform);
  if (rule.platform.accepts(info.raw)) return passed("platform", got, want);
  return failed("platform", Reason::platform_not_allowed, got, want,
                bit_hint(bits, rule.platform, info.raw));
}

template <class T>
Check check_list(std::string_view id, Reason reason, const T& value, const Allow<T>& allow) {
  if (allow.is_any()) return passed(id, value.hex().substr(0, 16) + "..., any is accepted", "any");
  const std::string want = "one of " + std::to_string(allow.values().size());
  if (allow.accepts(value)) return passed(id, value.hex(), want);
  return failed(id, reason, value.is_zero() ? "zero (none)" : value.hex(), want);
}

Check check_chip(const EvidenceState& state, const GuestRule& rule) {
  return check_list("chip", Reason::chip_not_allowed, state.report.chip_id, rule.chips);
}

Check check_csp(const EvidenceState& state, const GuestRule& rule) {
  if (state.endorsement->kind == SigningKeyKind::vcek) return passed("csp", "a VCEK, no provider");
  const std::string& csp = state.endorsement->csp_id;
  if (rule.csp_ids.accepts(csp)) return passed("csp", "VLEK of " + csp);
  return failed("csp", Reason::csp_not_allowed, csp,
                rule.csp_ids.values().empty()
                    ? "a VCEK"
                    : "one of " + std::to_string(rule.csp_ids.values().size()) + " providers");
}

Check check_host_data(const EvidenceState& state, const GuestRule& rule) {
  return check_list("host_data", Reason::host_data_not_allowed, state.report.host_data,
                    rule.host_data);
}

Check check_id_key(const EvidenceState& state, const GuestRule& rule) {
  return check_list("id_key", Reason::id_key_not_allowed, state.report.id_key_digest, rule.id_keys);
}

Check check_author_key(const EvidenceState& state, const GuestRule& rule) {
  const Report& report = state.report;
  if (!rule.author_keys.is_any() && !report.author_key_enabled) {
    return failed("author_key", Reason::author_key_not_allowed, "no author key was used",
                  "one of " + std::to_string(rule.author_keys.values().size()));
  }
  return check_list("author_key", Reason::author_key_not_allowed, report.author_key_digest,
                    rule.author_keys);
}

}  // namespace

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

// Measurement stays last: measurement_matches() looks there.
RuleOutcome judge(const EvidenceState& state, const PolicyData& policy, const GuestRule& rule) {
  RuleOutcome out{&rule, {}};
  for (const auto check :
       {check_version, check_product, check_tcb_floor, check_debug, check_migration,
        check_guest_policy, check_vmpl, check_platform, check_chip, check_csp, check_host_data,
        check_id_key, check_author_key}) {
    out.checks.push_back(check(state, rule));
  }
  out.checks.push_back(check_measurement(state.report, policy, rule));
  return out;
}

}  // namespace ratls::snp::detail
