/// PEM (RFC 7468), unencrypted.
#pragma once

#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// Most blocks that one file may hold.
inline constexpr std::size_t kMaxPemBlocks = 16;

/// Does `file` hold a "-----BEGIN <label>-----" line?
bool has_pem(ByteView file, std::string_view label);

/// The contents of every block with that label, in order; text around them is ignored. Damaged
/// armour, headers inside a block and more than kMaxPemBlocks are refused. Errors: `on_error`,
/// also where there is no block.
Result<std::vector<Bytes>> read_pem(ByteView file, std::string_view label, Reason on_error);

}  // namespace ratls
