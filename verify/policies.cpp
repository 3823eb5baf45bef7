#include <ratls/verify/policies.h>

#include <set>
#include <utility>

#include <ratls/verify/detail/policy_data.h>

namespace ratls {

PolicyId id_of(const Policy& policy) {
  return {policy.name(), policy.version(), policy.sha256()};
}

Policies::Policies(Policy only)
    : all_(std::make_shared<const std::vector<Policy>>(std::vector<Policy>{std::move(only)})) {}

Result<Policies> Policies::of(std::vector<Policy> all) {
  if (all.empty()) return Error(Reason::invalid_policy, "no policy at all");
  if (all.size() > kMost) {
    return Error(Reason::invalid_policy, std::to_string(all.size()) + " policies; at most " +
                                             std::to_string(kMost) + " may judge together");
  }
  std::set<std::string> names;
  for (const Policy& policy : all) {
    if (names.insert(policy.name()).second) continue;
    return Error(Reason::invalid_policy,
                 "two policies are called " + policy.name() + "; rules tell them apart by name");
  }
  return Policies(std::make_shared<const std::vector<Policy>>(std::move(all)));
}

Result<RootOfTrust> Policies::roots() const {
  if (all_->size() == 1) return all_->front().roots();
  std::vector<SimulatorRoot> simulators;
  for (const Policy& policy : *all_) {
    const auto& own = detail::data_of(policy).simulators;
    simulators.insert(simulators.end(), own.begin(), own.end());
  }
  return RootOfTrust::amd_and_simulators(simulators);
}

}  // namespace ratls
