/// VCEK and VLEK certificates in AMD's shape (AMD 57230), and deliberately wrong ones.
#pragma once

#include <string>
#include <vector>

#include <ratls/certgen/sim/product.h>
#include <ratls/certgen/sim/report.h>
#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>

namespace ratls::sim {

/// The certificates above a VCEK (ark, ask) and a VLEK (ark, asvk).
enum class Ca : std::uint8_t { ark, ask, asvk };
/// "ark", "ask", "asvk".
std::string_view name(Ca ca) noexcept;
/// As AMD writes it: "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan".
std::string common_name(KeyLine line, Ca ca);

/// For which chip, TCB and dates a VCEK is. Valid for 7 years.
struct VcekOptions {
  Product product = Product::milan;
  ChipId chip_id;
  Tcb tcb;
  Timestamp not_before;
};

/// For which provider, TCB and dates a VLEK is. Valid for 1 year.
struct VlekOptions {
  Product product = Product::milan;
  std::string csp_id = "CN=simulator.invalid";
  Tcb tcb;
  Timestamp not_before;
};

/// One extension, not critical. `value` is the contents of extnValue.
struct CertificateExtension {
  std::string oid;
  Bytes value;
};

/// Everything that stands in an endorsement certificate. Change it before
/// Authority::issue() to get a wrong one.
struct EndorsementShape {
  std::uint64_t serial = 0;  ///< AMD's are all 0
  std::string issuer_cn;
  std::string subject_cn;
  Timestamp not_before;
  Timestamp not_after;
  Bytes spki;  ///< DER
  std::vector<CertificateExtension> extensions;
  /// AMD wrote trailerField although 1 is its default, and left it out of endorsements issued
  /// since late 2024; readers must take both.
  bool explicit_trailer = true;
};

/// `spki`: of the key that signs reports.
EndorsementShape vcek_shape(const VcekOptions& options, ByteView spki);
EndorsementShape vlek_shape(const VlekOptions& options, ByteView spki);

}  // namespace ratls::sim
