/// The names of the guests that a policy accepts, for what refers to them.
/// Threads: may be called from several threads at once.
#pragma once

#include <string>
#include <vector>

#include <ratls/verify/policy.h>

namespace ratls {

struct PolicyGuest {
  std::string name;  ///< as AcceptedClaims::guest_name() says it
  Covers covers = Covers::image;
};

/// In the order of the policy.
std::vector<PolicyGuest> guests_of(const Policy& policy);

}  // namespace ratls
