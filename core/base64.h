/// Base64 (RFC 4648, 4), with padding and without line breaks. Not for secrets: time and copies
/// are not controlled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <ratls/core/bytes.h>

namespace ratls {

std::string to_base64(ByteView bytes);

/// Nothing where a character, the padding or the length is wrong.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace ratls
