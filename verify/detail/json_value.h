/// The strict JSON of verify/json_value.h, under the names that this folder uses.
#pragma once

#include <ratls/verify/json_value.h>

namespace ratls::detail {

using strict_json::JsonValue;
using strict_json::kMaxJsonDepth;
using strict_json::kMaxJsonSize;
using strict_json::nearest;
using strict_json::parse_json;
using strict_json::place;

}  // namespace ratls::detail
