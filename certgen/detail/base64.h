/// Base64 (RFC 4648, 4), for PEM files and pins.
#pragma once

#include <string>

#include <ratls/core/bytes.h>

namespace ratls::detail {

/// With padding, without line breaks. Not constant-time: never for secrets.
std::string base64(ByteView bytes);

}  // namespace ratls::detail
