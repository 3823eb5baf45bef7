/// Files that a broker reads whole.
#pragma once

#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::broker::detail {

/// At most `max` bytes. Errors: io_error.
Result<Bytes> read_whole_file(const std::string& path, std::size_t max);

}  // namespace ratls::broker::detail
