/// What the verbs that judge share: the policy, and where to look for what is missing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <ratls/verify/collateral.h>
#include <ratls/verify/policy.h>

#include "verbs.h"

namespace ratls::cli {

/// By what is judged.
struct JudgingOptions {
  std::string policy;      ///< "-" is standard input, which cannot be signed
  std::string policy_key;  ///< minisign key that must have signed the policy; may be empty
  std::string collateral;  ///< folder of a store; may be empty
};

/// --policy-key and --collateral.
void add_judging_options(CLI::App& verb, JudgingOptions& options);

/// The policy, its signature verified before it is read where a key is given; a Stop where there
/// is none to judge by.
std::optional<Stop> read_policy(const JudgingOptions& options, std::optional<Policy>& out);

bool is_folder(const std::string& path);

/// The Stop where `folder` is not one.
Stop no_store(const std::string& folder);

/// The store, or null without --collateral; a Stop where there is no such folder. What is passed
/// over in it is named on standard error.
std::optional<Stop> open_collateral(const JudgingOptions& options, const Policy& policy,
                                    std::shared_ptr<CollateralSource>& out);

}  // namespace ratls::cli
