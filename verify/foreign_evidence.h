/// Evidence of other attested-TLS protocols, recognised by its X.509 extension and never read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <ratls/core/x509.h>

namespace ratls {

/// What a certificate carries instead of this protocol's evidence.
struct ForeignEvidence {
  std::string_view format;  ///< for people: the protocol, and who writes it
  std::string oid;          ///< of the first such extension
};

/// Nothing where no extension is known to be another protocol's.
/// Source: docs/foreign-evidence.md.
std::optional<ForeignEvidence> foreign_evidence(const Certificate& certificate);

/// The format that an extension with this dotted OID stands for; empty where none is known.
std::string_view foreign_format(std::string_view oid) noexcept;

}  // namespace ratls
