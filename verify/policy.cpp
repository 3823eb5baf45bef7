#include <ratls/verify/policy.h>

#include <ratls/core/crypto.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::GuestRule;
using detail::PolicyData;

Error invalid(std::string detail) {
  return Error(Reason::invalid_policy, std::move(detail));
}

std::string numbers(const std::set<std::uint32_t>& values) {
  std::string out;
  for (const std::uint32_t value : values) {
    out += (out.empty() ? "" : ", ") + std::to_string(value);
  }
  return out;
}

// Names reach logs and terminals.
bool is_plain(const std::string& text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<void> check_floors(const GuestRule& rule) {
  if (rule.floors.empty()) return invalid(rule.name + ": no product is accepted");
  for (const auto& [product, floor] : rule.floors) {
    if (floor.fmc.has_value() == (product == snp::Product::turin)) continue;
    return invalid(rule.name + ": fmc belongs to turin's floor, and to no other");
  }
  return {};
}

Result<void> check_rule(const GuestRule& rule) {
  const auto bad = [&](std::string_view what) {
    return invalid(rule.name + ": " + std::string(what));
  };
  if (!is_plain(rule.name)) return invalid("a guest's name must be 1 to 128 plain characters");
  if (!rule.measurements.is_any() && rule.measurements.values().empty()) {
    return bad("the list of measurements is empty");
  }
  RATLS_CHECK(check_floors(rule));
  if (rule.vmpls.empty() || *rule.vmpls.rbegin() > 3) return bad("VMPLs are 0 to 3, at least one");
  if (rule.report_versions.empty() || *rule.report_versions.begin() < 2 ||
      *rule.report_versions.rbegin() > 5) {
    return bad("report versions are 2 to 5, at least one");
  }
  if ((rule.guest_policy.must & rule.guest_policy.must_not) != 0 ||
      (rule.platform.must & rule.platform.must_not) != 0) {
    return bad("a bit must be set and must be clear");
  }
  if (!rule.chips.is_any() && rule.chips.values().empty()) return bad("the chip list is empty");
  return {};
}

Result<void> check_data(const PolicyData& data) {
  if (!is_plain(data.name)) return invalid("the policy's name must be 1 to 128 plain characters");
  if (data.accept.empty()) return invalid("the policy accepts no guest");
  if (!data.revocation) return invalid("nothing is said about revocation");
  const auto age = data.revocation->max_age_hours();
  if (age && (*age == 0 || *age > 8760)) return invalid("max_age_hours must be 1 to 8760");
  std::set<std::string> names;
  for (const GuestRule& rule : data.accept) {
    RATLS_CHECK(check_rule(rule));
    if (!names.insert(rule.name).second) return invalid("two guests are called " + rule.name);
  }
  return {};
}

std::string text_of(const std::string& value) {
  return value;
}

template <std::size_t N, class Tag>
std::string text_of(const FixedBytes<N, Tag>& value) {
  return value.hex();
}

// "any", or every value: the summary is what is hashed where a policy was written in code.
template <class T>
std::string list(std::string_view what, const Allow<T>& allow) {
  std::string out = "\n    " + std::string(what) + ":";
  if (allow.is_any()) return out + " any";
  if (allow.values().empty()) return out + " none";
  for (const T& value : allow.values()) out += " " + text_of(value);
  return out;
}

std::string summary_of(const GuestRule& rule) {
  std::string out =
      "accepts \"" + rule.name + "\" (measurement covers " + std::string(name(rule.covers)) + ")";
  out += list("measurements", rule.measurements);
  for (const auto& [product, floor] : rule.floors) {
    out += "\n    " + std::string(snp::name(product)) + " from " + floor.text();
  }
  out += "\n    VMPL " + numbers(rule.vmpls) + "; report version " + numbers(rule.report_versions);
  const auto policy_bits = snp::GuestPolicy::bits();
  const auto platform_bits = snp::PlatformInfo::bits();
  out += "\n    guest policy must: " + bit_names(policy_bits, rule.guest_policy.must) +
         "; must not: " + bit_names(policy_bits, rule.guest_policy.must_not);
  out += "\n    platform must: " + bit_names(platform_bits, rule.platform.must) +
         "; must not: " + bit_names(platform_bits, rule.platform.must_not);
  out += list("chips", rule.chips) + list("HOST_DATA", rule.host_data);
  out += list("ID keys", rule.id_keys) + list("author keys", rule.author_keys);
  out += list("VLEK providers", rule.csp_ids);
  return out + "\n";
}

std::vector<std::string> dangers_of(const GuestRule& rule) {
  std::vector<std::string> out;
  const std::string guest = "\"" + rule.name + "\" ";
  if (rule.measurements.is_any()) out.push_back(guest + "may run any code");
  if (rule.debug_allowed) out.push_back(guest + "may be debugged by the host");
  if (rule.migration_allowed) out.push_back(guest + "may be exported by a migration agent");
  return out;
}

}  // namespace

std::string_view name(Covers covers) noexcept {
  return covers == Covers::image ? "image" : "firmware";
}

const std::string& Policy::name() const noexcept {
  return data_->name;
}

std::uint64_t Policy::version() const noexcept {
  return data_->version;
}

const Sha256Digest& Policy::sha256() const noexcept {
  return data_->sha256;
}

std::optional<Timestamp> Policy::expires() const noexcept {
  return data_->expires;
}

const RootOfTrust& Policy::roots() const noexcept {
  return *data_->roots;
}

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
  for (const GuestRule& rule : data_->accept) out += summary_of(rule);
  for (const SimulatorRoot& root : data_->simulators) {
    out += "simulator root " + crypto::sha256({root.ark, root.ask, root.asvk}).hex() + "\n";
  }
  return out;
}

namespace detail {

Result<Policy> make_policy(PolicyData data, ByteView file) {
  RATLS_CHECK(check_data(data));
  RATLS_TRY(data.roots, RootOfTrust::amd_and_simulators(data.simulators));
  auto shared = std::make_shared<PolicyData>(std::move(data));
  Policy policy(shared);
  shared->sha256 =
      file.empty() ? crypto::sha256({as_bytes(policy.summary())}) : crypto::sha256({file});
  return policy;
}

const PolicyData& data_of(const Policy& policy) noexcept {
  return *policy.data_;
}

}  // namespace detail

}  // namespace ratls
