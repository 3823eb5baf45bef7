#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::GuestRule;
using detail::PolicyData;

GuestRule& rule_of(PolicyData& draft) {
  return draft.accept.front();
}

std::unique_ptr<PolicyData> begin(std::string guest, Covers covers,
                                  Allow<snp::Measurement> measurements) {
  auto draft = std::make_unique<PolicyData>();
  draft->name = guest;
  draft->version = 1;
  GuestRule rule;
  rule.name = std::move(guest);
  rule.covers = covers;
  rule.measurements = std::move(measurements);
  rule.vmpls = {0};
  rule.report_versions = {3, 4, 5};
  rule.host_data = Allow<snp::HostData>::any();
  rule.id_keys = Allow<snp::KeyDigest>::any();
  rule.author_keys = Allow<snp::KeyDigest>::any();
  rule.family_ids = Allow<snp::FamilyId>::any();
  rule.image_ids = Allow<snp::ImageId>::any();
  draft->accept.push_back(std::move(rule));
  return draft;
}

// The mask of `names`; nothing where one is unknown.
std::optional<std::uint64_t> mask_of(const std::vector<std::string>& names) {
  std::uint64_t mask = 0;
  for (const std::string& name : names) {
    const auto bits = snp::GuestPolicy::bits();
    const auto found = std::find_if(bits.begin(), bits.end(), [&](const snp::NamedBit& bit) {
      return bit.name == name && name != "debug" && name != "migration";
    });
    if (found == bits.end()) return std::nullopt;
    mask |= std::uint64_t{1} << found->bit;
  }
  return mask;
}

}  // namespace

PolicyStep::PolicyStep(std::unique_ptr<PolicyData> draft) noexcept : draft_(std::move(draft)) {}
PolicyStep::PolicyStep(PolicyStep&&) noexcept = default;
PolicyStep& PolicyStep::operator=(PolicyStep&&) noexcept = default;
PolicyStep::~PolicyStep() = default;

PolicyData& PolicyStep::draft() {
  if (draft_ == nullptr) {
    draft_ = begin({}, Covers::image, Allow<snp::Measurement>::only({}));
    draft_->spent = true;
  }
  return *draft_;
}

PolicyNeedsFloor Policy::allow_only(std::string guest, Covers covers,
                                    std::vector<snp::Measurement> measurements) {
  return PolicyNeedsFloor(
      begin(std::move(guest), covers, Allow<snp::Measurement>::only(std::move(measurements))));
}

PolicyNeedsFloor Policy::dangerously_allow_any_measurement(std::string guest, Covers covers) {
  return PolicyNeedsFloor(begin(std::move(guest), covers, Allow<snp::Measurement>::any()));
}

PolicyNeedsInstances PolicyNeedsFloor::tcb_floor(snp::Product product, snp::Tcb floor) && {
  rule_of(draft()).floors[product] = floor;
  return PolicyNeedsInstances(std::move(draft_));
}

PolicyNeedsInstances&& PolicyNeedsInstances::tcb_floor(snp::Product product, snp::Tcb floor) && {
  rule_of(draft()).floors[product] = floor;
  return std::move(*this);
}

PolicyNeedsPlatform PolicyNeedsInstances::only_chips(std::vector<snp::ChipId> allowed) && {
  rule_of(draft()).chips = Allow<snp::ChipId>::only(std::move(allowed));
  return PolicyNeedsPlatform(std::move(draft_));
}

PolicyNeedsPlatform PolicyNeedsInstances::any_chip() && {
  rule_of(draft()).chips = Allow<snp::ChipId>::any();
  return PolicyNeedsPlatform(std::move(draft_));
}

PolicyNeedsRevocation PolicyNeedsPlatform::platform(snp::PlatformInfo must,
                                                    snp::PlatformInfo must_not) && {
  rule_of(draft()).platform = {must.raw, must_not.raw};
  return PolicyNeedsRevocation(std::move(draft_));
}

PolicyNeedsRevocation PolicyNeedsPlatform::any_platform() && {
  return PolicyNeedsRevocation(std::move(draft_));
}

PolicyBuilder PolicyNeedsRevocation::revocation(Revocation rule) && {
  draft().revocation = rule;
  return PolicyBuilder(std::move(draft_));
}

PolicyBuilder&& PolicyBuilder::wrong(std::string what) {
  if (error_.empty()) error_ = std::move(what);
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::named(std::string name, std::uint64_t version) && {
  draft().name = std::move(name);
  draft().version = version;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::expires(Timestamp moment) && {
  draft().expires = moment;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::clock(ClockRule rule) && {
  draft().clock = rule;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::vmpls(std::vector<std::uint32_t> allowed) && {
  rule_of(draft()).vmpls = {allowed.begin(), allowed.end()};
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::report_versions(std::vector<std::uint32_t> allowed) && {
  rule_of(draft()).report_versions = {allowed.begin(), allowed.end()};
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::only_host_data(std::vector<snp::HostData> allowed) && {
  rule_of(draft()).host_data = Allow<snp::HostData>::only(std::move(allowed));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::only_id_keys(std::vector<snp::KeyDigest> allowed) && {
  rule_of(draft()).id_keys = Allow<snp::KeyDigest>::only(std::move(allowed));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::only_author_keys(std::vector<snp::KeyDigest> allowed) && {
  rule_of(draft()).author_keys = Allow<snp::KeyDigest>::only(std::move(allowed));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::tpm_pcrs(
    std::map<std::uint32_t, std::vector<Sha256Digest>> allowed) && {
  rule_of(draft()).pcrs = std::move(allowed);
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::only_instance_keys(std::vector<Sha256Digest> pins,
                                                  std::vector<Bytes> issuers) && {
  rule_of(*draft_).instance = detail::InstanceRule{std::move(pins), std::move(issuers)};
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::vlek_of(std::vector<std::string> csp_ids) && {
  rule_of(draft()).csp_ids = Allow<std::string>::only(std::move(csp_ids));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::guest_policy(std::vector<std::string> must,
                                            std::vector<std::string> must_not) && {
  const auto set = mask_of(must);
  const auto clear = mask_of(must_not);
  if (!set || !clear) return wrong("guest_policy: a bit of an unknown name");
  rule_of(draft()).guest_policy = {*set, *clear};
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::only_families(std::vector<snp::FamilyId> allowed) && {
  rule_of(draft()).family_ids = Allow<snp::FamilyId>::only(std::move(allowed));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::only_images(std::vector<snp::ImageId> allowed) && {
  rule_of(draft()).image_ids = Allow<snp::ImageId>::only(std::move(allowed));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::min_guest_svn(std::uint32_t least) && {
  rule_of(draft()).min_guest_svn = least;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::deny_chips(std::vector<snp::ChipId> denied) && {
  rule_of(draft()).denied_chips = std::move(denied);
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::launch_at_floor() && {
  rule_of(draft()).launch.floors = rule_of(draft()).floors;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::launch_floor(snp::Product product, snp::Tcb floor) && {
  rule_of(draft()).launch.floors[product] = floor;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::launch_at_most_current() && {
  rule_of(draft()).launch.at_most_current = true;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::min_firmware(snp::Product product, snp::FirmwareVersion least) && {
  rule_of(draft()).min_firmware[product] = least;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::mitigations(std::uint64_t current, std::uint64_t launch) && {
  rule_of(draft()).mitigations = {current, launch};
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::min_abi(snp::AbiVersion least) && {
  rule_of(draft()).min_abi = least;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::dangerously_accept_milan() && {
  rule_of(draft()).milan_accepted = true;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::dangerously_allow_debug() && {
  rule_of(draft()).debug_allowed = true;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::dangerously_allow_migration() && {
  rule_of(draft()).migration_allowed = true;
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::dangerously_trust_simulator(SimulatorRoot root) && {
  draft().simulators.push_back(std::move(root));
  return std::move(*this);
}

PolicyBuilder&& PolicyBuilder::also(const Policy& other) && {
  const PolicyData& data = detail::data_of(other);
  draft().accept.insert(draft().accept.end(), data.accept.begin(), data.accept.end());
  draft().simulators.insert(draft().simulators.end(), data.simulators.begin(),
                            data.simulators.end());
  return std::move(*this);
}

Result<Policy> PolicyBuilder::build() && {
  if (!error_.empty()) return Error(Reason::invalid_policy, error_);
  if (draft().spent) {
    return Error(Reason::invalid_policy, "a step of the builder was used after it had been taken");
  }
  const auto taken = std::move(draft_);
  return detail::make_policy(std::move(*taken), {});
}

}  // namespace ratls
