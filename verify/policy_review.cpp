#include <ratls/verify/policy_review.h>

#include <array>

#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/snp/bulletins.h>

namespace ratls {

namespace {

using detail::GuestRule;

constexpr unsigned kAliasCheckBit = 5;
// TCG PC Client Platform TPM Profile: the PCRs that any program may reset.
constexpr std::array<std::uint32_t, 2> kResettablePcrs{16, 23};

std::uint8_t level_of(const snp::Tcb& floor, std::string_view component) {
  return component == "snp" ? floor.snp : floor.microcode;
}

std::string floor_text(const snp::BulletinFloor& known, std::uint8_t level) {
  std::string out = std::string(snp::name(known.product)) + " from " +
                    std::string(known.component) + " " + std::to_string(level) + " is below the " +
                    std::to_string(known.level) + " of " + std::string(known.bulletin);
  if (known.level_x == 0) return out;
  return out + " (parts with 3D V-Cache: " + std::to_string(known.level_x) + ")";
}

void review_floors(const GuestRule& rule, std::vector<PolicyAdvice>& out) {
  for (const auto& known : snp::bulletin_floors()) {
    const auto floor = rule.floors.find(known.product);
    if (floor == rule.floors.end()) continue;
    const std::uint8_t level = level_of(floor->second, known.component);
    if (level < known.level) {
      out.push_back({rule.name, std::string(known.bulletin), floor_text(known, level)});
    }
  }
}

void review_machine(const GuestRule& rule, std::vector<PolicyAdvice>& out) {
  const auto say = [&](std::string text) { out.push_back({rule.name, {}, std::move(text)}); };
  if (((rule.platform.must >> kAliasCheckBit) & 1U) == 0) {
    say("platform_info does not demand alias_check_complete (BadRAM, AMD-SB-3015)");
  }
  if (rule.csp_ids.is_any()) say("a VLEK of any cloud provider is accepted");
  if (rule.report_versions.contains(2)) {
    say("report version 2 is accepted: it names no processor");
  }
}

void review_guest(const GuestRule& rule, std::vector<PolicyAdvice>& out) {
  const auto say = [&](std::string text) { out.push_back({rule.name, {}, std::move(text)}); };
  if (rule.covers == Covers::firmware) {
    say("the measurement covers the provider's firmware only: kernel, disk and programs are "
        "unproven");
  }
  if (rule.vmpls.size() > 1 || !rule.vmpls.contains(0)) {
    say("reports from a VMPL other than 0 are accepted: whatever runs at that level can ask for "
        "one");
  }
}

void review_pcrs(const GuestRule& rule, std::vector<PolicyAdvice>& out) {
  for (const std::uint32_t index : kResettablePcrs) {
    if (!rule.pcrs.contains(index)) continue;
    out.push_back({rule.name,
                   {},
                   "PCR " + std::to_string(index) +
                       " can be reset by any program of the guest: its value proves nothing"});
  }
}

void review_whole(const Policy& policy, std::vector<PolicyAdvice>& out) {
  const auto say = [&](std::string text) { out.push_back({{}, {}, std::move(text)}); };
  if (!policy.expires()) say("it never expires, and floors age");
  const auto age = detail::data_of(policy).revocation->max_age_hours();
  if (!age) say("a missing revocation list is accepted: a revoked key would go unnoticed");
  if (age && *age > 720) say("a revocation list of " + std::to_string(*age) + " hours is accepted");
}

}  // namespace

std::vector<PolicyAdvice> review(const Policy& policy) {
  std::vector<PolicyAdvice> out;
  const auto& guests = detail::data_of(policy).accept;
  for (const GuestRule& rule : guests) review_floors(rule, out);
  for (const GuestRule& rule : guests) {
    review_machine(rule, out);
    review_guest(rule, out);
    review_pcrs(rule, out);
  }
  review_whole(policy, out);
  return out;
}

}  // namespace ratls
