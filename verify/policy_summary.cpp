#include <ratls/core/crypto.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::GuestRule;
using detail::LaunchRule;
using detail::MitigationRule;

std::string numbers(const std::set<std::uint32_t>& values) {
  std::string out;
  for (const std::uint32_t value : values) {
    out += (out.empty() ? "" : ", ") + std::to_string(value);
  }
  return out;
}

std::string text_of(const std::string& value) {
  return value;
}

template <std::size_t N, class Tag>
std::string text_of(const FixedBytes<N, Tag>& value) {
  return value.hex();
}

template <class T>
std::string values(std::string_view what, const std::vector<T>& listed) {
  std::string out = "\n    " + std::string(what) + ":";
  if (listed.empty()) return out + " none";
  for (const T& value : listed) out += " " + text_of(value);
  return out;
}

// "any", or every value: the summary is what is hashed where a policy was written in code.
template <class T>
std::string list(std::string_view what, const Allow<T>& allow) {
  if (allow.is_any()) return "\n    " + std::string(what) + ": any";
  return values(what, allow.values());
}

std::string launch_text(const LaunchRule& launch) {
  std::string out = "\n    launch TCB:";
  if (launch.floors.empty()) out += " any";
  for (const auto& [product, floor] : launch.floors) {
    out += " " + std::string(snp::name(product)) + " from " + floor.text() + ";";
  }
  return out + (launch.at_most_current ? " at most the current one" : "");
}

std::string firmware_text(const GuestRule& rule) {
  std::string out = "\n    firmware:";
  if (rule.min_firmware.empty()) out += " any";
  for (const auto& [product, version] : rule.min_firmware) {
    out += " " + std::string(snp::name(product)) + " from " + version.text() + ";";
  }
  return out;
}

std::string mitigation_text(const MitigationRule& rule) {
  return "\n    mitigations: current " + snp::bit_numbers(rule.current) + "; at launch " +
         snp::bit_numbers(rule.launch);
}

std::string machine_text(const GuestRule& rule) {
  std::string out;
  for (const auto& [product, floor] : rule.floors) {
    out += "\n    " + std::string(snp::name(product)) + " from " + floor.text();
  }
  out += launch_text(rule.launch) + firmware_text(rule) + mitigation_text(rule.mitigations);
  const auto bits = snp::PlatformInfo::bits();
  out += "\n    platform must: " + bit_names(bits, rule.platform.must) +
         "; must not: " + bit_names(bits, rule.platform.must_not);
  out += list("chips", rule.chips) + values("chips denied", rule.denied_chips);
  return out + list("VLEK providers", rule.csp_ids);
}

std::string launch_choices(const GuestRule& rule) {
  const auto bits = snp::GuestPolicy::bits();
  std::string out =
      "\n    VMPL " + numbers(rule.vmpls) + "; report version " + numbers(rule.report_versions);
  out += "\n    guest policy must: " + bit_names(bits, rule.guest_policy.must) +
         "; must not: " + bit_names(bits, rule.guest_policy.must_not) + "; ABI from " +
         (rule.min_abi ? rule.min_abi->text() : "any");
  out += list("HOST_DATA", rule.host_data) + list("ID keys", rule.id_keys);
  out += list("author keys", rule.author_keys) + list("families", rule.family_ids);
  out += list("images", rule.image_ids);
  return out + "\n    guest SVN from " + std::to_string(rule.min_guest_svn);
}

std::string pcr_text(const GuestRule& rule) {
  std::string out;
  for (const auto& [index, allowed] : rule.pcrs) {
    out += values("PCR " + std::to_string(index), allowed);
  }
  if (!out.empty())
    out = "\n    an Azure guest by its vTPM; the measurement covers the paravisor" + out;
  return out;
}

std::string instance_text(const GuestRule& rule) {
  if (!rule.instance) return {};
  std::string out = "\n    an instance key must have signed the claims";
  for (const Sha256Digest& pin : rule.instance->pins) out += "\n      pinned " + pin.hex();
  for (const Bytes& key : rule.instance->issuers) out += "\n      issued by " + to_hex(key);
  return out;
}

std::string summary_of(const GuestRule& rule) {
  return "accepts \"" + rule.name + "\" (measurement covers " + std::string(name(rule.covers)) +
         ")" + list("measurements", rule.measurements) + machine_text(rule) + launch_choices(rule) +
         pcr_text(rule) + instance_text(rule) + "\n";
}

std::string clock_text(const ClockRule& rule) {
  std::string out;
  if (rule.max_skew_seconds != 0) {
    out += "the clock may be " + std::to_string(rule.max_skew_seconds) + " s slow\n";
  }
  if (rule.not_before)
    out += "the clock must not show less than " + to_rfc3339(*rule.not_before) + "\n";
  return out;
}

std::vector<std::string> dangers_of(const GuestRule& rule) {
  std::vector<std::string> out;
  const std::string guest = "\"" + rule.name + "\" ";
  if (rule.measurements.is_any()) out.push_back(guest + "may run any code");
  if (rule.debug_allowed) out.push_back(guest + "may be debugged by the host");
  if (rule.migration_allowed) out.push_back(guest + "may be exported by a migration agent");
  if (rule.milan_accepted) {
    out.push_back(guest +
                  "may run on Milan, whose reports can be forged by whoever once held the "
                  "machine");
  }
  return out;
}

}  // namespace

std::vector<std::string> Policy::dangers() const {
  std::vector<std::string> out;
  for (const SimulatorRoot& root : data_->simulators) {
    out.push_back("SIMULATED: a software AMD-SP is trusted for " +
                  std::string(snp::amd_name(root.line)));
  }
  for (const GuestRule& rule : data_->accept) {
    for (std::string& danger : dangers_of(rule)) out.push_back(std::move(danger));
  }
  return out;
}

std::string Policy::summary() const {
  std::string out;
  for (const std::string& danger : dangers()) out += "DANGER " + danger + "\n";
  out += "policy " + data_->name + " version " + std::to_string(data_->version);
  out += data_->expires ? ", expires " + to_rfc3339(*data_->expires) : ", never expires";
  const auto age = data_->revocation->max_age_hours();
  out += age ? "\nrevocation list required, at most " + std::to_string(*age) + " hours old\n"
             : "\nrevocation list judged where there is one\n";
  out += clock_text(data_->clock);
  for (const GuestRule& rule : data_->accept) out += summary_of(rule);
  for (const SimulatorRoot& root : data_->simulators) {
    out += "simulator root " + crypto::sha256({root.ark, root.ask, root.asvk}).hex() + "\n";
  }
  return out;
}

}  // namespace ratls
