#include <algorithm>
#include <bit>
#include <utility>

#include <ratls/verify/snp/detail/checks.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls::snp::detail {

using ratls::detail::EvidenceState;
using ratls::detail::GuestRule;

namespace {

constexpr std::uint32_t kFirstWithMitigations = 5;

std::string numbers(const std::set<std::uint32_t>& values) {
  std::string out;
  for (const std::uint32_t value : values) {
    out += (out.empty() ? "" : " or ") + std::to_string(value);
  }
  return out;
}

std::string missing_bits(std::string_view vector, std::uint64_t must, std::uint64_t raw) {
  const std::uint64_t missing = must & ~raw;
  if (missing == 0) return {};
  return (std::popcount(missing) == 1 ? "bit " : "bits ") + bit_numbers(missing) + " of the " +
         std::string(vector) + " vector must be set";
}

}  // namespace

Check check_version(const EvidenceState& state, const GuestRule& rule) {
  const std::uint32_t version = state.report.version;
  std::string got = "version " + std::to_string(version);
  std::string want = "version " + numbers(rule.report_versions);
  if (rule.report_versions.contains(version))
    return passed("report_version", std::move(got), std::move(want));
  return failed("report_version", Reason::report_version_not_allowed, got, want,
                version == 2 ? "version 2 names no processor; update the firmware, or list 2 in "
                               "report_versions if you accept that"
                             : "");
}

Check check_accepted_product(const EvidenceState& state, const GuestRule& rule) {
  std::string want;
  for (const auto& [product, floor] : rule.floors) {
    want += (want.empty() ? "" : " or ") + std::string(name(product));
  }
  std::string got(name(state.product));
  if (rule.floors.contains(state.product))
    return passed("accepted_product", std::move(got), std::move(want));
  return failed("accepted_product", Reason::product_not_allowed, got, want);
}

// The floor holds for the TCB that the key is derived from, and for the one that the host can
// no longer roll back below.
Check check_tcb_floor(const EvidenceState& state, const GuestRule& rule) {
  const auto found = rule.floors.find(state.product);
  if (found == rule.floors.end()) return skipped("tcb", "the policy has no floor for this product");
  const Tcb& floor = found->second;
  const std::string floor_text = floor.text();
  std::string want = "at least " + floor_text;
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
  return passed("tcb", reported.text() + " (floor " + floor_text + ")", std::move(want));
}

Check check_launch_tcb(const EvidenceState& state, const GuestRule& rule) {
  const Tcb& launch = state.report.launch_tcb;
  const Tcb& current = state.report.current_tcb;
  const auto found = rule.launch.floors.find(state.product);
  if (!rule.launch.floors.empty() && found == rule.launch.floors.end()) {
    return skipped("launch_tcb", "the policy has no floor for this product");
  }
  if (found != rule.launch.floors.end() && !launch.at_least(found->second)) {
    return failed("launch_tcb", Reason::launch_tcb_below_floor, launch.text(),
                  "at least " + found->second.text(),
                  launch.shortfall(found->second) +
                      " at launch; launch the guest again on the updated machine");
  }
  if (rule.launch.at_most_current && !current.at_least(launch)) {
    return failed(
        "launch_tcb", Reason::launch_tcb_order, launch.text(),
        "at most the current " + current.text(),
        "the guest was launched on newer firmware than it runs on now: it was migrated, or "
        "the host rolled back");
  }
  return passed("launch_tcb", launch.text(),
                found == rule.launch.floors.end() ? "any" : "at least " + found->second.text());
}

Check check_firmware(const EvidenceState& state, const GuestRule& rule) {
  const Report& report = state.report;
  if (rule.min_firmware.empty()) return passed("firmware", report.current_firmware.text(), "any");
  const auto found = rule.min_firmware.find(state.product);
  if (found == rule.min_firmware.end()) {
    return skipped("firmware", "the policy has none for this product");
  }
  std::string want = "at least " + found->second.text();
  if (report.current_firmware < found->second) {
    return failed("firmware", Reason::firmware_below_minimum,
                  "current " + report.current_firmware.text(), want,
                  "the machine runs older SNP firmware; update it");
  }
  if (report.committed_firmware < found->second) {
    return failed("firmware", Reason::firmware_below_minimum,
                  "committed " + report.committed_firmware.text(), want,
                  "the host can still roll back to it: have it commit its firmware");
  }
  return passed("firmware", report.current_firmware.text(), std::move(want));
}

Check check_mitigations(const EvidenceState& state, const GuestRule& rule) {
  const Report& report = state.report;
  const bool told = report.version >= kFirstWithMitigations;
  const std::uint64_t current = told ? report.current_mitigations : 0;
  const std::uint64_t launch = told ? report.launch_mitigations : 0;
  std::string got = told ? "current " + bit_numbers(current) + "; at launch " + bit_numbers(launch)
                         : "none: report version " + std::to_string(report.version) +
                               " has no mitigation vectors";
  std::string want = "current " + bit_numbers(rule.mitigations.current) + "; at launch " +
                     bit_numbers(rule.mitigations.launch);
  std::string hint = missing_bits("current", rule.mitigations.current, current);
  const std::string at_launch = missing_bits("launch", rule.mitigations.launch, launch);
  if (!at_launch.empty()) hint += (hint.empty() ? "" : "; ") + at_launch;
  if (hint.empty()) return passed("mitigations", std::move(got), std::move(want));
  if (!told) hint = "versions before 5 count as all clear; update the machine's firmware";
  return failed("mitigations", Reason::mitigation_missing, got, want, hint);
}

Check check_platform(const EvidenceState& state, const GuestRule& rule) {
  const auto bits = PlatformInfo::bits();
  const PlatformInfo& info = state.report.platform_info;
  std::string got = hex_number(info.raw) + " (" + info.text() + ")";
  if (info.unknown() != 0) got += ", unknown bits " + hex_number(info.unknown());
  std::string want = rule_text(bits, rule.platform);
  if (rule.platform.accepts(info.raw)) return passed("platform", std::move(got), std::move(want));
  return failed("platform", Reason::platform_not_allowed, got, want,
                bit_hint(bits, rule.platform, info.raw));
}

Check check_chip(const EvidenceState& state, const GuestRule& rule) {
  return check_list("chip", Reason::chip_not_allowed, state.report.chip_id, rule.chips);
}

Check check_denied_chip(const EvidenceState& state, const GuestRule& rule) {
  const ChipId& chip = state.report.chip_id;
  const std::string count = std::to_string(rule.denied_chips.size());
  if (rule.denied_chips.empty()) return passed("denied_chip", "no chip is denied");
  if (chip.is_zero()) {
    return failed("denied_chip", Reason::chip_denied, "CHIP_ID is hidden", "none of " + count,
                  "a report that hides its chip may come from a denied one");
  }
  if (std::find(rule.denied_chips.begin(), rule.denied_chips.end(), chip) ==
      rule.denied_chips.end()) {
    return passed("denied_chip", "not denied", "none of " + count);
  }
  return failed("denied_chip", Reason::chip_denied, chip.hex(), "none of " + count);
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

}  // namespace ratls::snp::detail
