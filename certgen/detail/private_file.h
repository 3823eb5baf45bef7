/// Reading files that hold keys; core/private_file.h writes them.
#pragma once

#include <cstddef>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::detail {

/// Reads a regular file of at most `max` bytes that nobody but its owner may read or write.
/// Errors: io_error (missing, unreadable); invalid_config (mode, kind, size).
Result<SecretBytes> read_private_file(const std::string& path, std::size_t max);

/// Reads a regular file of at most `max` bytes, whoever may read it. Errors: as above, but for the
/// mode.
Result<Bytes> read_public_file(const std::string& path, std::size_t max);

}  // namespace ratls::detail
