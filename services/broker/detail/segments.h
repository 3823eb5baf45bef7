/// The files of one audit log. Private.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ratls/core/result.h>

namespace ratls::broker::detail {

/// Where a log that ends with line `seq` is moved to when the next file begins: `path`, a dot and
/// twelve digits, so that names sort as lines do.
std::string segment_name(const std::string& path, std::uint64_t seq);

/// The earlier files of the log `path`, oldest first. Errors: io_error.
Result<std::vector<std::string>> segments_of(const std::string& path);

/// A new name is on disk only once its folder is. Errors: io_error.
Result<void> sync_folder_of(const std::string& path);

}  // namespace ratls::broker::detail
