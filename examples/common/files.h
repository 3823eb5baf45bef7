/// Whole files, with a limit.
#pragma once

#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::examples {

/// At most 1 MiB. Errors: invalid_config (larger), io_error.
Result<Bytes> read_file(const std::string& path);

/// The text of a file without the white space around it.
Result<std::string> read_line(const std::string& path);

/// Standard input to its end, at most 64 KiB, without one line feed at the end, in guarded memory.
/// Errors: invalid_config (empty, larger), io_error.
Result<SecretBytes> read_secret_from_stdin();

}  // namespace ratls::examples
