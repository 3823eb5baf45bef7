/// The extensions of VCEK and VLEK certificates (AMD 57230), each at most once.
#pragma once

#include <ratls/core/x509.h>

namespace ratls::snp::detail {

/// Looks up AMD's extensions of one certificate, which must outlive this object.
/// Errors: malformed_endorsement, with the extension's name.
class AmdExtensions {
 public:
  /// Refuses duplicates, critical extensions, and extensions under AMD's arc that are unknown.
  static Result<AmdExtensions> open(const Certificate& certificate);

  /// A security version: an INTEGER of 0 to 255 in exact DER.
  Result<std::uint8_t> svn(std::string_view oid_tail, std::string_view name) const;
  /// The IA5String contents.
  Result<std::string> text(std::string_view oid_tail, std::string_view name) const;
  /// The contents of extnValue as they stand.
  Result<ByteView> raw(std::string_view oid_tail, std::string_view name) const;
  /// Succeeds only where there is no such extension.
  Result<void> absent(std::string_view oid_tail, std::string_view name) const;

 private:
  explicit AmdExtensions(const Certificate& certificate) : certificate_(&certificate) {}
  const Certificate::Extension* find(std::string_view oid_tail) const;

  const Certificate* certificate_;
};

}  // namespace ratls::snp::detail
