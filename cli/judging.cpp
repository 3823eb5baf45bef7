#include "judging.h"

#include <sys/stat.h>

#include <cstdio>

#include <ratls/verify/collateral/store.h>
#include <ratls/verify/minisign.h>
#include <ratls/verify/policy_file.h>
#include <ratls/verify/policy_json.h>

namespace ratls::cli {

namespace {

CollateralStoreOptions telling() {
  CollateralStoreOptions out;
  out.on_problem = [](const CollateralProblem& problem) {
    std::fprintf(stderr, "ratls: collateral passed over: %s: %s\n", problem.file.c_str(),
                 problem.what.c_str());
  };
  return out;
}

std::optional<Stop> read_signed(const JudgingOptions& options, ByteView text,
                                std::optional<Policy>& out) {
  const Input key_file = read_input(options.policy_key);
  if (key_file.stop) return key_file.stop;
  const auto key = MinisignPublicKey::parse(key_file.bytes);
  if (!key) return stop_of(key.error(), options.policy_key);
  const Input signature = read_input(options.policy + ".minisig");
  if (signature.stop) return signature.stop;
  auto policy = parse_signed_policy(text, *key, signature.bytes);
  if (!policy) return stop_of(policy.error(), options.policy);
  out = std::move(policy).value();
  return std::nullopt;
}

}  // namespace

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Stop no_store(const std::string& folder) {
  return {Exit::no_input, folder +
                              ": there is no collateral store; ratls collateral import or fetch "
                              "makes one"};
}

void add_judging_options(CLI::App& verb, JudgingOptions& options) {
  verb.add_option("--policy-key", options.policy_key,
                  "Demand the policy's signature (POLICY.minisig) by this minisign key file");
  verb.add_option("--collateral", options.collateral,
                  "Store of certificates and revocation lists that evidence may lack; see ratls "
                  "collateral");
}

std::optional<Stop> read_policy(const JudgingOptions& options, std::optional<Policy>& out) {
  if (options.policy == "-" && !options.policy_key.empty()) {
    return Stop{Exit::usage, "a policy from standard input has no signature; give a file"};
  }
  const Input input = read_input(options.policy);
  if (input.stop) return input.stop;
  if (!options.policy_key.empty()) return read_signed(options, input.bytes, out);
  auto policy = parse_policy(input.bytes);
  if (!policy) return stop_of(policy.error(), options.policy);
  out = std::move(policy).value();
  return std::nullopt;
}

std::optional<Stop> open_collateral(const JudgingOptions& options, const Policy& policy,
                                    std::shared_ptr<CollateralSource>& out) {
  if (options.collateral.empty()) return std::nullopt;
  if (!is_folder(options.collateral)) return no_store(options.collateral);
  out = std::make_shared<CollateralStore>(options.collateral, policy.roots(), telling());
  return std::nullopt;
}

}  // namespace ratls::cli
