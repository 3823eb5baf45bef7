/// Certificates out of files of the kind that CAs are kept in.
#pragma once

#include <string>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::kds {

/// The PEM blocks of kind CERTIFICATE in `text`, each with its two lines; text around them is
/// skipped.
std::vector<std::string_view> certificate_blocks(std::string_view text);

/// The certificates in the file that mbedTLS can use, as PEM; others (curves that this build has
/// not) are left out, and never trusted thereby. Errors: invalid_config where the file cannot be
/// read, is larger than 4 MiB, or holds none.
Result<Bytes> load_web_roots(const std::string& file);

}  // namespace ratls::kds
