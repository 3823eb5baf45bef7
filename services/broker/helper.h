/// Values that another program holds.
#pragma once

#include <ratls/core/secret.h>
#include <ratls/services/broker/config.h>

namespace ratls::broker {

/// Runs the helper and takes its standard output, without a last line feed, as the value. No shell;
/// its environment is PATH, LANG and what the rule names; its input is empty, and what it writes to
/// standard error is dropped, since it may be the secret. Killed with its group at the timeout.
/// Blocks. Threads: several at once. Errors: secret_helper_failed.
Result<SecretBytes> run_helper(const Helper& helper);

}  // namespace ratls::broker
