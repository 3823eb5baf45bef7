#include "judging.h"

#include <sys/stat.h>

#include <cstdio>

#include <ratls/verify/collateral/store.h>
#include <ratls/verify/minisign.h>
#include <ratls/verify/policy_json.h>

namespace ratls::cli {

namespace {

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

CollateralStoreOptions telling() {
  CollateralStoreOptions out;
  out.on_problem = [](const CollateralProblem& problem) {
    std::fprintf(stderr, "ratls: collateral passed over: %s: %s\n", problem.file.c_str(),
                 problem.what.c_str());
  };
  return out;
}

// Before anything of the policy is read, as load_policy() does.
std::optional<Exit> refuse_unsigned(const JudgingOptions& options, bool json, ByteView policy) {
  if (options.policy_key.empty()) return std::nullopt;
  const Input key_file = read_input(options.policy_key);
  if (key_file.stop) return report_stop(*key_file.stop, json);
  const auto key = MinisignPublicKey::parse(key_file.bytes);
  if (!key) return report_error(key.error(), json, options.policy_key);
  const Input signature = read_input(options.policy + ".minisig");
  if (signature.stop) return report_stop(*signature.stop, json);
  const auto good = minisign_verify(*key, policy, signature.bytes);
  if (!good) return report_error(good.error(), json, options.policy);
  return std::nullopt;
}

}  // namespace

void add_judging_options(CLI::App& verb, JudgingOptions& options) {
  verb.add_option("--policy-key", options.policy_key,
                  "Demand the policy's signature (POLICY.minisig) by this minisign key file");
  verb.add_option("--collateral", options.collateral,
                  "Store to look in for what was not given; see ratls collateral");
}

std::optional<Exit> read_policy(const JudgingOptions& options, bool json,
                                std::optional<Policy>& out) {
  if (options.policy == "-" && !options.policy_key.empty()) {
    return report_stop({Exit::usage, "a policy from standard input has no signature; give a file"},
                       json);
  }
  const Input input = read_input(options.policy);
  if (input.stop) return report_stop(*input.stop, json);
  if (const auto exit = refuse_unsigned(options, json, input.bytes)) return exit;
  auto policy = parse_policy(input.bytes);
  if (!policy) return report_error(policy.error(), json, options.policy);
  out = std::move(policy).value();
  return std::nullopt;
}

std::optional<Stop> open_collateral(const JudgingOptions& options, const Policy& policy,
                                    std::shared_ptr<CollateralSource>& out) {
  if (options.collateral.empty()) return std::nullopt;
  if (!is_folder(options.collateral)) {
    return Stop{Exit::no_input, options.collateral + ": there is no such folder"};
  }
  out = std::make_shared<CollateralStore>(options.collateral, policy.roots(), telling());
  return std::nullopt;
}

}  // namespace ratls::cli
