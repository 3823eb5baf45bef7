/// VCEK and VLEK certificates, taken apart and not believed (AMD 57230; docs/snp.md, section 2).
#pragma once

#include <ratls/core/x509.h>
#include <ratls/verify/snp/types.h>

namespace ratls::snp::detail {

/// One VCEK or VLEK. Well-formed; nothing in it is believed yet.
struct Endorsement {
  Certificate certificate;
  SigningKeyKind kind = SigningKeyKind::vcek;
  ProductLine line = ProductLine::milan;
  Tcb tcb;
  Bytes hardware_id;   ///< 64 bytes, 8 on Turin; empty for a VLEK
  std::string csp_id;  ///< empty for a VCEK
};

/// Reads the form that all of AMD's endorsement certificates have: X.509 v3, serial 0, P-384 key,
/// RSASSA-PSS with SHA-384, AMD's names, and AMD's extensions once each in exact DER.
/// Errors: malformed_endorsement, with the place.
Result<Endorsement> parse_endorsement(Certificate certificate);

}  // namespace ratls::snp::detail
