#include <algorithm>

#include <ratls/core/crypto.h>
#include <ratls/core/ecdsa.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::GuestRule;
using detail::PolicyData;

Error invalid(std::string detail) {
  return Error(Reason::invalid_policy, std::move(detail));
}

// Names reach logs and terminals.
bool is_plain(const std::string& text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<void> check_fmc(const GuestRule& rule, const std::map<snp::Product, snp::Tcb>& floors) {
  for (const auto& [product, floor] : floors) {
    if (floor.fmc.has_value() == (product == snp::Product::turin)) continue;
    return invalid(rule.name + ": fmc belongs to turin's floor, and to no other");
  }
  return {};
}

// Either no product has one, or each has.
template <class T>
bool covers_products(const GuestRule& rule, const std::map<snp::Product, T>& values) {
  if (values.empty()) return true;
  return std::equal(values.begin(), values.end(), rule.floors.begin(), rule.floors.end(),
                    [](const auto& a, const auto& b) { return a.first == b.first; });
}

Result<void> check_floors(const GuestRule& rule) {
  if (rule.floors.empty()) return invalid(rule.name + ": no product is accepted");
  RATLS_CHECK(check_fmc(rule, rule.floors));
  RATLS_CHECK(check_fmc(rule, rule.launch.floors));
  if (!covers_products(rule, rule.launch.floors)) {
    return invalid(rule.name + ": the floors of the launch TCB must be for the same products");
  }
  if (!covers_products(rule, rule.min_firmware)) {
    return invalid(rule.name + ": the least firmware must be given for the same products");
  }
  return {};
}

// docs/policy.md, "Milan must be written".
Result<void> check_milan(const GuestRule& rule) {
  const bool accepted = rule.floors.contains(snp::Product::milan);
  if (rule.milan_accepted && !accepted) {
    return invalid(rule.name + ": Milan is accepted by name, and is none of the products");
  }
  if (!accepted || rule.milan_accepted || !rule.chips.is_any()) return {};
  return invalid(rule.name +
                 ": it accepts Milan on any chip, but whoever once held a Milan machine can have "
                 "extracted its signing seed and forge reports for any TCB (arXiv 2605.12990); "
                 "list chip_ids of machines whose history you know, or write "
                 "\"dangerously_accept_milan\": true");
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
  RATLS_CHECK(check_milan(rule));
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
  for (const auto& [index, allowed] : rule.pcrs) {
    if (index >= kTpmPcrs) return bad("PCRs are 0 to 23");
    if (allowed.empty()) return bad("PCR " + std::to_string(index) + " may have no value at all");
  }
  if (rule.instance && rule.instance->pins.empty() && rule.instance->issuers.empty()) {
    return bad("instance keys are demanded and none is accepted");
  }
  if (rule.instance && !std::all_of(rule.instance->issuers.begin(), rule.instance->issuers.end(),
                                    [](const Bytes& key) { return is_ecdsa_spki(key); })) {
    return bad("an issuer of instance keys must be a key of P-256 or P-384");
  }
  return {};
}

Result<void> check_data(const PolicyData& data) {
  if (!is_plain(data.name)) return invalid("the policy's name must be 1 to 128 plain characters");
  if (data.accept.empty()) return invalid("the policy accepts no guest");
  if (!data.revocation) return invalid("nothing is said about revocation");
  const auto age = data.revocation->max_age_hours();
  if (age && (*age == 0 || *age > 8760)) return invalid("max_age_hours must be 1 to 8760");
  if (data.clock.max_skew_seconds > ClockRule::kMaxSkewSeconds) {
    return invalid("max_skew_seconds must be 0 to 3600");
  }
  std::set<std::string> names;
  for (const GuestRule& rule : data.accept) {
    RATLS_CHECK(check_rule(rule));
    if (!names.insert(rule.name).second) return invalid("two guests are called " + rule.name);
  }
  return {};
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
