/// Policies in words: what to think about before one is used, and how two of them differ.
#pragma once

#include <string>
#include <vector>

#include <ratls/verify/policy.h>

namespace ratls {

/// One thing to think about. Relaxations that are called dangerously_... are not among these: see
/// Policy::dangers().
struct PolicyAdvice {
  std::string guest;     ///< empty: the policy as a whole
  std::string bulletin;  ///< "AMD-SB-3019" where a floor is below one of its numbers
  std::string text;      ///< one sentence
};

/// Everything that is legal and weak, floors below known bulletins first.
std::vector<PolicyAdvice> review(const Policy& policy);

/// What a difference does to the set of guests that are accepted.
enum class PolicyChange : std::uint8_t { widens, narrows, changes };
/// "WIDENS", "narrows", "changes".
std::string_view name(PolicyChange change) noexcept;

struct PolicyDifference {
  PolicyChange change = PolicyChange::changes;
  std::string guest;  ///< empty: the policy as a whole
  std::string text;
};

/// How `after` differs from `before`, by the names of guests; empty where all decisions are the
/// same. What widens comes first.
std::vector<PolicyDifference> compare(const Policy& before, const Policy& after);

}  // namespace ratls
