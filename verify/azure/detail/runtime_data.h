/// The JSON that Azure's paravisor has vouched for: the vTPM's key, and how the VM was set up.
#pragma once

#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::azure::detail {

/// What is read of it; other members are left alone.
struct RuntimeData {
  Bytes ak_modulus;   ///< big-endian, without leading zeros
  Bytes ak_exponent;  ///< the same
  std::optional<std::string> vm_id;
  std::optional<bool> secure_boot;
};

/// Strict JSON (no duplicate key anywhere), whose "keys" hold exactly one RSA key called HCLAkPub.
/// Errors: malformed_runtime_data, with line and column.
Result<RuntimeData> parse_runtime_data(ByteView json);

}  // namespace ratls::azure::detail
