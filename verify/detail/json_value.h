/// The strict JSON of verify/json_value.h, under the names that this folder uses.
#pragma once

#include <ratls/verify/json_value.h>

namespace ratls::detail {

using json::JsonValue;
using json::kMaxJsonDepth;
using json::kMaxJsonSize;
using json::nearest;
using json::parse_json;
using json::place;

}  // namespace ratls::detail
