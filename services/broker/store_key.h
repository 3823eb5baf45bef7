/// The key under which a broker seals what it stores.
#pragma once

#include <string>

#include <ratls/core/result.h>
#include <ratls/core/seal.h>

namespace ratls::broker {

/// Where a key comes from: a file; "systemd-credential:NAME" (a file of that name in
/// $CREDENTIALS_DIRECTORY, which only the service sees); or "tpm:FILE" (see tpm_key.h). The first
/// two hold 64 hex digits, with or without a line feed, and nobody but its owner may read
/// or write it.
/// Errors: io_error (missing, unreadable); invalid_config (mode, kind, contents, no such
/// credential); those of open_from_tpm().
Result<seal::Key> read_store_key(const std::string& where);

/// A new key in a new file of mode 0600, on disk when this returns. Errors: invalid_config (it
/// exists; a key is never overwritten), io_error.
Result<void> create_store_key(const std::string& path);

}  // namespace ratls::broker
