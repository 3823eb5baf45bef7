/// Several policies side by side, for a verifier whose peers are not all of one kind.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/verdict.h>

namespace ratls {

/// Names a policy in verdicts.
PolicyId id_of(const Policy& policy);

/// One policy or more. Evidence is accepted where at least one of them accepts all of it; no
/// policy lends a rule, a root or a relaxation to another.
/// Threads: immutable and cheap to copy; share freely.
class Policies {
 public:
  static constexpr std::size_t kMost = 16;

  /// One is enough for most: wherever policies are taken, a policy is.
  Policies(Policy only);
  /// In the order in which verdicts prefer them. Names must differ, since programs decide by them.
  /// Errors: invalid_policy (none, more than kMost, two of one name).
  static Result<Policies> of(std::vector<Policy> all);

  /// Whomever one of them trusts: for what is kept or looked up, and judged later.
  [[nodiscard]] Result<RootOfTrust> roots() const;
  /// Never empty.
  [[nodiscard]] const std::vector<Policy>& all() const noexcept { return *all_; }

 private:
  explicit Policies(std::shared_ptr<const std::vector<Policy>> all) : all_(std::move(all)) {}

  std::shared_ptr<const std::vector<Policy>> all_;
};

}  // namespace ratls
