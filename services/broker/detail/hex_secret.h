/// Keys as hex digits in files, without a copy in memory that nobody wipes. Private.
#pragma once

#include <span>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::broker::detail {

/// Fills `out` from a regular file of exactly twice as many hex digits, with or without a line feed
/// behind, which nobody but its owner may read or write.
/// Errors: io_error (missing, unreadable); invalid_config (mode, kind, contents).
Result<void> read_hex_secret(const std::string& path, std::span<std::uint8_t> out);

/// Writes `secret` in hex and a line feed to a new file of mode 0600, which appears under its name
/// whole or not at all, and is on disk when this returns.
/// Errors: invalid_config (it exists; a key is never overwritten), io_error.
Result<void> create_hex_secret(const std::string& path, ByteView secret);

}  // namespace ratls::broker::detail
