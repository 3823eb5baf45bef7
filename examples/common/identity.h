/// The long-lived identity of a server, in one PEM file.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/identity.h>
#include <ratls/core/result.h>

namespace ratls::examples {

/// Loads the identity in `path`; makes one there where nothing is. Errors: those of
/// CertificateIdentity.
Result<std::shared_ptr<const CertificateIdentity>> open_identity(const std::string& path);

}  // namespace ratls::examples
