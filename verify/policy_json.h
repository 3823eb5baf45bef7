/// Policies as files (docs/policy.md, docs/schema/policy.schema.json).
#pragma once

#include <ratls/verify/policy.h>

namespace ratls {

/// Reads a policy from strict JSON of at most 256 KiB, nested at most 16 deep. Nothing has a
/// default: a decision that is not written is an error, and so are unknown keys, duplicate keys,
/// wrong lengths and numbers out of range.
/// Errors: invalid_policy, "line 3, column 7: unknown key "mesurements"; did you mean
/// "measurements"?".
Result<Policy> parse_policy(ByteView json);

/// The file of a policy, every decision written: parse_policy() of it is a policy with the same
/// decisions (and another hash, which is that of the file).
std::string policy_text(const Policy& policy);

}  // namespace ratls
