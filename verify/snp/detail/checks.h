/// The rules of a policy, one function each: an authentic report against one accepted guest.
///
/// Every function returns the check's outcome in words, passed or not; none stops the others.
#pragma once

#include <ratls/verify/detail/evidence_state.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/verdict.h>

namespace ratls::snp::detail {

Check passed(std::string_view id, std::string got, std::string want = {});
/// Without a hint the reason's own sentence stands in.
Check failed(std::string_view id, Reason reason, std::string got, std::string want,
             std::string hint = {});
Check skipped(std::string_view id, std::string why);

/// "set: a, b; clear: c".
std::string rule_text(std::span<const NamedBit> bits, const ratls::detail::BitRule& rule);
/// Which bits of `raw` break the rule, e.g. "smt must be clear".
std::string bit_hint(std::span<const NamedBit> bits, const ratls::detail::BitRule& rule,
                     std::uint64_t raw);

/// One value against a list; a value of zeros is shown as none.
template <class T>
Check check_list(std::string_view id, Reason reason, const T& value,
                 const ratls::detail::Allow<T>& allow) {
  if (allow.is_any()) {
    return passed(id, to_hex(value.view().first(8)) + "..., any is accepted", "any");
  }
  std::string want = "one of " + std::to_string(allow.values().size());
  if (allow.accepts(value)) return passed(id, value.hex(), std::move(want));
  return failed(id, reason, value.is_zero() ? "zero (none)" : value.hex(), want);
}

using RuleCheck = Check(const ratls::detail::EvidenceState&, const ratls::detail::GuestRule&);

// The machine: snp/detail/machine_checks.cpp.
RuleCheck check_version, check_accepted_product, check_tcb_floor, check_launch_tcb, check_firmware,
    check_mitigations, check_platform, check_chip, check_denied_chip, check_csp;

// What was chosen at the guest's launch: snp/detail/launch_checks.cpp.
RuleCheck check_debug, check_migration, check_guest_policy, check_guest_abi, check_vmpl,
    check_host_data, check_id_key, check_author_key, check_family_id, check_image_id,
    check_guest_svn;

}  // namespace ratls::snp::detail
