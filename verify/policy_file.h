/// Policies as files that are signed, never go back, and are read again while a verifier runs.
#pragma once

#include <optional>
#include <string>

#include <ratls/verify/minisign.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/verifier.h>

namespace ratls {

/// Where a policy comes from, and what is demanded of it.
struct PolicyFile {
  std::string path;
  /// Demanded where given: a detached signature by this key (`ratls policy sign`, or minisign).
  std::optional<MinisignPublicKey> key;
  /// Of the signature; empty: `path` + ".minisig".
  std::string signature;
  /// The file that remembers the highest version of each policy name; empty: nothing is remembered
  /// and an older policy is accepted. It must survive restarts, and nobody but this verifier may
  /// write it.
  std::string state;
};

/// A policy from memory: nothing of `text` is read before its detached minisign signature by `key`
/// has verified. Errors: policy_signature_invalid, invalid_policy.
Result<Policy> parse_signed_policy(ByteView text, const MinisignPublicKey& key, ByteView signature);

/// Reads a policy: first the signature is verified, over the file's bytes, then the file is read,
/// then its version is compared with the highest that was accepted under its name and remembered.
/// Nothing is remembered of a file that is refused.
/// Errors: io_error; policy_signature_invalid; invalid_policy; policy_rollback (a lower version, or
/// the same version with other content); invalid_config (the state file is damaged).
Result<Policy> load_policy(const PolicyFile& file);

/// Compares `policy` with the state file `state`, and changes nothing.
/// Errors: policy_rollback, io_error, invalid_config.
Result<void> check_version(const std::string& state, const Policy& policy);

/// Compares `policy` with the state file `state` and remembers it: the last step of load_policy().
/// Safe under concurrent processes, and atomic. Errors: policy_rollback, io_error, invalid_config.
Result<void> remember_version(const std::string& state, const Policy& policy);

/// Keeps a verifier's policy up to date with its file.
/// Threads: one at a time; the verifier may judge in others meanwhile.
class PolicyReloader {
 public:
  enum class Outcome : std::uint8_t {
    unchanged,  ///< the file is the one in force
    replaced,   ///< from now on the new policy judges
  };

  /// `verifier`'s copies share its policy, so any copy of the running one will do.
  PolicyReloader(PolicyFile file, Verifier verifier)
      : file_(std::move(file)), verifier_(std::move(verifier)) {}

  /// Reads the file again. A file that is refused changes nothing: the policy in force goes on
  /// judging, and the error says what was wrong. Errors: those of load_policy().
  Result<Outcome> reload();

 private:
  PolicyFile file_;
  Verifier verifier_;
};

}  // namespace ratls
