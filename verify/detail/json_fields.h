/// The strict JSON of verify/json_fields.h, under the names that this folder uses.
#pragma once

#include <ratls/verify/detail/json_value.h>
#include <ratls/verify/json_fields.h>

namespace ratls::detail {

using strict_json::JsonFields;
using strict_json::JsonFile;

}  // namespace ratls::detail
