/// Files that a verb writes.
#pragma once

#include <optional>
#include <string>

#include <ratls/core/bytes.h>

#include "common.h"

namespace ratls::cli {

/// Writes a file whole or not at all, replacing one that exists; "-" is standard output. Not for
/// secrets: the file gets the usual mode. A Stop where it cannot be written (Exit::unavailable).
std::optional<Stop> write_output(const std::string& path, ByteView content);

}  // namespace ratls::cli
