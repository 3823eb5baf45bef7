/// Starting the guest's own program with a secret in its environment.
#pragma once

#include <string>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::agent {

/// A secret and the variable it goes into.
struct SecretVariable {
  std::string name;  ///< [A-Z_][A-Z0-9_]*, and none that a loader or shell gives a meaning to
  SecretBytes value;
};

/// Checks the name of a variable before anything is fetched. Errors: invalid_config.
Result<void> check_variable_name(std::string_view name);

/// Replaces this process by `command` (an absolute path, then its arguments). Nothing of this
/// process's environment is inherited, since the host may have written it: the child gets PATH,
/// HOME and LANG with fixed values, and the secret. It returns only where it failed.
/// Errors: invalid_config (no absolute path; a secret with a zero byte in it), io_error.
Error exec_with_secret(const std::vector<std::string>& command, const SecretVariable& secret);

}  // namespace ratls::agent
