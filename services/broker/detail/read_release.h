/// The member "release" of broker.json.
#pragma once

#include <ratls/services/broker/config.h>
#include <ratls/verify/json_fields.h>

namespace ratls::broker::detail {

/// Errors: the file's.
Result<ReleaseRules> read_release(const strict_json::JsonFile& file,
                                  const strict_json::JsonValue& value);

}  // namespace ratls::broker::detail
