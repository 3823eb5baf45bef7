#include <ratls/verify/policy_guests.h>

#include <ratls/verify/detail/policy_data.h>

namespace ratls {

std::vector<PolicyGuest> guests_of(const Policy& policy) {
  std::vector<PolicyGuest> out;
  for (const auto& rule : detail::data_of(policy).accept) out.push_back({rule.name, rule.covers});
  return out;
}

}  // namespace ratls
