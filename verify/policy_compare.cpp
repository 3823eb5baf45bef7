#include <algorithm>

#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/detail/policy_differences.h>

namespace ratls {

namespace {

using detail::Differences;
using detail::GuestRule;
using Change = PolicyChange;

// Components one by one: a floor that rises here and falls there is both.
void compare_tcb(Differences& out, const std::string& what, const snp::Tcb& before,
                 const snp::Tcb& after) {
  const std::string lower = after.shortfall(before);
  const std::string higher = before.shortfall(after);
  if (!lower.empty()) out.add(Change::widens, what + " lowered to " + after.text() + ": " + lower);
  if (!higher.empty()) {
    out.add(Change::narrows, what + " raised to " + after.text() + ", from " + before.text());
  }
}

void compare_floors(Differences& out, const std::string& what,
                    const std::map<snp::Product, snp::Tcb>& before,
                    const std::map<snp::Product, snp::Tcb>& after, Change added) {
  const Change removed = added == Change::widens ? Change::narrows : Change::widens;
  for (const auto& [product, floor] : after) {
    const std::string name = std::string(snp::name(product)) + " " + what;
    const auto old = before.find(product);
    if (old == before.end()) {
      out.add(added, name + " is new: " + floor.text());
    } else {
      compare_tcb(out, name, old->second, floor);
    }
  }
  for (const auto& [product, floor] : before) {
    if (after.contains(product)) continue;
    out.add(removed, std::string(snp::name(product)) + " " + what + " is gone");
  }
}

void compare_firmware(Differences& out, const GuestRule& before, const GuestRule& after) {
  for (const snp::Product product : snp::all_products()) {
    const auto old = before.min_firmware.find(product);
    const auto now = after.min_firmware.find(product);
    const bool had = old != before.min_firmware.end();
    const bool has = now != after.min_firmware.end();
    const std::string name = std::string(snp::name(product)) + " min_firmware";
    if (had && has) {
      out.minimum(name, old->second, now->second,
                  now->second.text() + ", was " + old->second.text());
    } else if (has) {
      out.add(Change::narrows, name + ": " + now->second.text() + ", was any");
    } else if (had) {
      out.add(Change::widens, name + ": any, was " + old->second.text());
    }
  }
}

void compare_flag(Differences& out, std::string_view what, bool before, bool after) {
  if (before == after) return;
  out.add(after ? Change::widens : Change::narrows,
          std::string(what) + (after ? " is accepted" : " is no longer accepted"));
}

void compare_machine(Differences& out, const GuestRule& before, const GuestRule& after) {
  compare_floors(out, "min_tcb", before.floors, after.floors, Change::widens);
  compare_floors(out, "launch_tcb", before.launch.floors, after.launch.floors, Change::narrows);
  compare_flag(out, "a launch TCB above the current one", !before.launch.at_most_current,
               !after.launch.at_most_current);
  compare_firmware(out, before, after);
  const auto& old = before.mitigations;
  const auto& now = after.mitigations;
  out.mask("current mitigations must have", snp::bit_numbers(now.current & ~old.current),
           snp::bit_numbers(old.current & ~now.current));
  out.mask("launch mitigations must have", snp::bit_numbers(now.launch & ~old.launch),
           snp::bit_numbers(old.launch & ~now.launch));
  out.bits("platform_info", snp::PlatformInfo::bits(), before.platform, after.platform);
  out.allowed("chip_ids", before.chips, after.chips);
  out.values("denied_chip_ids", "hold", before.denied_chips, after.denied_chips, Change::narrows);
  out.allowed("vlek_csp_ids", before.csp_ids, after.csp_ids);
  compare_flag(out, "Milan on any chip", before.milan_accepted, after.milan_accepted);
}

std::vector<std::string> hex_of(const std::vector<Sha256Digest>& digests) {
  std::vector<std::string> out;
  for (const Sha256Digest& digest : digests) out.push_back(digest.hex());
  return out;
}

void compare_abi(Differences& out, const GuestRule& before, const GuestRule& after) {
  if (before.min_abi == after.min_abi) return;
  const bool wider = !after.min_abi || (before.min_abi && *after.min_abi < *before.min_abi);
  const auto text = [](const GuestRule& rule) {
    return rule.min_abi ? rule.min_abi->text() : std::string("any");
  };
  out.add(wider ? Change::widens : Change::narrows,
          "min_abi: " + text(after) + ", was " + text(before));
}

void compare_launch(Differences& out, const GuestRule& before, const GuestRule& after) {
  out.allowed("measurements", before.measurements, after.measurements);
  if (before.covers != after.covers) {
    out.add(after.covers == Covers::image ? Change::changes : Change::widens,
            "covers: " + std::string(name(after.covers)));
  }
  compare_flag(out, "DEBUG", before.debug_allowed, after.debug_allowed);
  compare_flag(out, "a migration agent", before.migration_allowed, after.migration_allowed);
  out.bits("guest_policy", snp::GuestPolicy::bits(), before.guest_policy, after.guest_policy);
  compare_abi(out, before, after);
  out.values("vmpl", "may be", before.vmpls, after.vmpls, Change::widens);
  out.values("report_versions", "may be", before.report_versions, after.report_versions,
             Change::widens);
  out.allowed("host_data", before.host_data, after.host_data);
  out.allowed("id_key_digests", before.id_keys, after.id_keys);
  out.allowed("author_key_digests", before.author_keys, after.author_keys);
  out.allowed("family_ids", before.family_ids, after.family_ids);
  out.allowed("image_ids", before.image_ids, after.image_ids);
  out.minimum(
      "min_guest_svn", before.min_guest_svn, after.min_guest_svn,
      std::to_string(after.min_guest_svn) + ", was " + std::to_string(before.min_guest_svn));
}

// One PCR more is a demand more; one value more is a way in more.
void compare_pcrs(Differences& out, const GuestRule& before, const GuestRule& after) {
  for (const auto& [index, allowed] : after.pcrs) {
    const auto old = before.pcrs.find(index);
    const std::string name = "PCR " + std::to_string(index);
    if (old == before.pcrs.end()) {
      out.add(Change::narrows, name + " is now demanded");
    } else {
      out.values(name, "may be", hex_of(old->second), hex_of(allowed), Change::widens);
    }
  }
  for (const auto& [index, allowed] : before.pcrs) {
    if (!after.pcrs.contains(index)) {
      out.add(Change::widens, "PCR " + std::to_string(index) + " is no longer demanded");
    }
  }
  if (before.pcrs.empty() != after.pcrs.empty()) {
    out.add(Change::widens, after.pcrs.empty() ? "guests without a vTPM are accepted"
                                               : "guests with Azure's vTPM are accepted");
  }
}

std::vector<std::string> hex_of_keys(const std::vector<Bytes>& keys) {
  std::vector<std::string> out;
  for (const Bytes& key : keys) out.push_back(to_hex(key));
  return out;
}

void compare_instances(Differences& out, const GuestRule& before, const GuestRule& after) {
  if (before.instance.has_value() != after.instance.has_value()) {
    out.add(after.instance ? Change::narrows : Change::widens,
            after.instance ? "an instance key is now demanded"
                           : "an instance key is no longer demanded");
  } else if (after.instance) {
    out.values("instance_keys.pins", "hold", hex_of(before.instance->pins),
               hex_of(after.instance->pins), Change::widens);
    out.values("instance_keys.issuers", "hold", hex_of_keys(before.instance->issuers),
               hex_of_keys(after.instance->issuers), Change::widens);
  }
}

const GuestRule* find(const std::vector<GuestRule>& rules, const std::string& name) {
  for (const GuestRule& rule : rules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

void compare_guests(const std::vector<GuestRule>& before, const std::vector<GuestRule>& after,
                    std::vector<PolicyDifference>& out) {
  for (const GuestRule& rule : after) {
    Differences differences(rule.name, out);
    const GuestRule* old = find(before, rule.name);
    if (old == nullptr) {
      differences.add(Change::widens, "is a new guest");
      continue;
    }
    compare_launch(differences, *old, rule);
    compare_machine(differences, *old, rule);
    compare_pcrs(differences, *old, rule);
    compare_instances(differences, *old, rule);
  }
  for (const GuestRule& rule : before) {
    if (find(after, rule.name) != nullptr) continue;
    Differences(rule.name, out).add(Change::narrows, "is no longer accepted");
  }
}

std::string time_text(const std::optional<Timestamp>& time, std::string_view without) {
  return time ? to_rfc3339(*time) : std::string(without);
}

void compare_expiry(Differences& out, const Policy& before, const Policy& after) {
  const auto old = before.expires();
  const auto now = after.expires();
  if (old == now) return;
  const bool wider = !now || (old && *now > *old);
  out.add(wider ? Change::widens : Change::narrows,
          "expires: " + time_text(now, "never") + ", was " + time_text(old, "never"));
}

void compare_clock(Differences& out, const ClockRule& before, const ClockRule& after) {
  if (before.max_skew_seconds != after.max_skew_seconds) {
    out.add(after.max_skew_seconds > before.max_skew_seconds ? Change::widens : Change::narrows,
            "clock: may be " + std::to_string(after.max_skew_seconds) + " s slow, was " +
                std::to_string(before.max_skew_seconds));
  }
  if (before.not_before == after.not_before) return;
  // Nothing is less than every time.
  out.add(after.not_before < before.not_before ? Change::widens : Change::narrows,
          "clock: not before " + time_text(after.not_before, "any") + ", was " +
              time_text(before.not_before, "any"));
}

// Stands for "a missing list is accepted": wider than any age.
constexpr std::uint32_t kForEver = 0xffffffffU;

void compare_whole(const Policy& before, const Policy& after, std::vector<PolicyDifference>& out) {
  Differences whole({}, out);
  compare_expiry(whole, before, after);
  compare_clock(whole, detail::data_of(before).clock, detail::data_of(after).clock);
  if (before.name() != after.name()) {
    whole.add(Change::changes, "name: " + after.name() + ", was " + before.name());
  }
  if (before.version() != after.version()) {
    whole.add(Change::changes, "version: " + std::to_string(after.version()) + ", was " +
                                   std::to_string(before.version()));
  }
  const auto age = [](const Policy& policy) {
    return detail::data_of(policy).revocation->max_age_hours().value_or(kForEver);
  };
  if (age(before) != age(after)) {
    whole.add(age(after) > age(before) ? Change::widens : Change::narrows,
              age(after) == kForEver ? "revocation: a missing list is accepted"
                                     : "revocation: a list of at most " +
                                           std::to_string(age(after)) + " hours is required");
  }
}

std::size_t missing_in(const std::vector<SimulatorRoot>& list,
                       const std::vector<SimulatorRoot>& roots) {
  std::size_t out = 0;
  for (const SimulatorRoot& root : roots) {
    const auto same = [&](const SimulatorRoot& each) {
      return each.line == root.line && each.ark == root.ark && each.ask == root.ask &&
             each.asvk == root.asvk;
    };
    out += std::any_of(list.begin(), list.end(), same) ? 0U : 1U;
  }
  return out;
}

void compare_simulators(const Policy& before, const Policy& after,
                        std::vector<PolicyDifference>& out) {
  const auto& old = detail::data_of(before).simulators;
  const auto& now = detail::data_of(after).simulators;
  Differences whole({}, out);
  if (missing_in(old, now) != 0) whole.add(Change::widens, "a SIMULATOR is trusted");
  if (missing_in(now, old) != 0) whole.add(Change::narrows, "a simulator is no longer trusted");
}

}  // namespace

std::string_view name(PolicyChange change) noexcept {
  switch (change) {
    case Change::widens:
      return "WIDENS";
    case Change::narrows:
      return "narrows";
    case Change::changes:
      break;
  }
  return "changes";
}

std::vector<PolicyDifference> compare(const Policy& before, const Policy& after) {
  std::vector<PolicyDifference> out;
  compare_simulators(before, after, out);
  compare_guests(detail::data_of(before).accept, detail::data_of(after).accept, out);
  compare_whole(before, after, out);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.change < b.change; });
  return out;
}

}  // namespace ratls
