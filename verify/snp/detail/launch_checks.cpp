#include <ratls/verify/snp/detail/checks.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls::snp::detail {

using ratls::detail::EvidenceState;
using ratls::detail::GuestRule;

namespace {

std::string vmpl_numbers(const std::set<std::uint32_t>& values) {
  std::string out;
  for (const std::uint32_t value : values) {
    out += (out.empty() ? "" : " or ") + std::to_string(value);
  }
  return out;
}

}  // namespace

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

Check check_guest_policy(const EvidenceState& state, const GuestRule& rule) {
  const auto bits = GuestPolicy::bits();
  const GuestPolicy& policy = state.report.policy;
  std::string want = rule_text(bits, rule.guest_policy);
  std::string got = hex_number(policy.raw) + " (" + policy.text() + ")";
  if (rule.guest_policy.accepts(policy.raw))
    return passed("guest_policy", std::move(got), std::move(want));
  return failed("guest_policy", Reason::guest_policy_not_allowed, got, want,
                bit_hint(bits, rule.guest_policy, policy.raw));
}

Check check_guest_abi(const EvidenceState& state, const GuestRule& rule) {
  const AbiVersion abi = state.report.policy.abi();
  if (!rule.min_abi) return passed("guest_abi", abi.text(), "any");
  std::string want = "at least " + rule.min_abi->text();
  if (abi >= *rule.min_abi) return passed("guest_abi", abi.text(), std::move(want));
  return failed("guest_abi", Reason::guest_abi_below_minimum, abi.text(), want,
                "the guest would start on firmware as old as ABI " + abi.text() +
                    "; launch it with " + rule.min_abi->text() + " in its policy (bits 15:0)");
}

Check check_vmpl(const EvidenceState& state, const GuestRule& rule) {
  std::string got = "VMPL " + std::to_string(state.report.vmpl);
  std::string want = "VMPL " + vmpl_numbers(rule.vmpls);
  if (rule.vmpls.contains(state.report.vmpl))
    return passed("vmpl", std::move(got), std::move(want));
  return failed("vmpl", Reason::vmpl_not_allowed, got, want);
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

Check check_family_id(const EvidenceState& state, const GuestRule& rule) {
  return check_list("family_id", Reason::family_id_not_allowed, state.report.family_id,
                    rule.family_ids);
}

Check check_image_id(const EvidenceState& state, const GuestRule& rule) {
  return check_list("image_id", Reason::image_id_not_allowed, state.report.image_id,
                    rule.image_ids);
}

Check check_guest_svn(const EvidenceState& state, const GuestRule& rule) {
  std::string got = "SVN " + std::to_string(state.report.guest_svn);
  std::string want = "at least " + std::to_string(rule.min_guest_svn);
  if (state.report.guest_svn >= rule.min_guest_svn)
    return passed("guest_svn", std::move(got), std::move(want));
  return failed("guest_svn", Reason::guest_svn_below_minimum, got, want,
                std::to_string(rule.min_guest_svn - state.report.guest_svn) +
                    " short; launch a newer image, whose ID block has the higher SVN");
}

}  // namespace ratls::snp::detail
