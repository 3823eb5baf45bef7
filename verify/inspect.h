/// Looking at evidence without judging it.
///
/// All texts begin and end by saying NOT VERIFIED; all JSON objects say `"verified":false` first.
/// No byte of a file reaches the text or JSON unless it is printable ASCII; others are escaped.
#pragma once

#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// All fields of a report: 1184 bytes, or Azure's HCL report around one. JSON: `ratls.report/1`,
/// `ratls.hcl_report/1`. Errors: those of a report's shape.
Result<std::string> inspect_report_text(ByteView report);
Result<std::string> inspect_report_json(ByteView report);

/// Certificates, DER (one) or PEM (up to 16), each up to 64 KiB: a TLS leaf with all that its
/// evidence says, a VCEK or VLEK with AMD's extensions, an ASK, ASVK or ARK and whether its key is
/// one of those pinned here, or another protocol's leaf by name. JSON: `ratls.certificates/1`.
/// Errors: malformed_certificate.
Result<std::string> inspect_certificates_text(ByteView file);
Result<std::string> inspect_certificates_json(ByteView file);

/// A revocation list, DER or PEM. JSON: `ratls.crl/1`. Errors: malformed_crl.
Result<std::string> inspect_crl_text(ByteView file);
Result<std::string> inspect_crl_json(ByteView file);

/// Evidence (docs/protocol.md, section 3): the CBOR, or the extension's value around it. JSON:
/// `ratls.evidence/1`. Errors: malformed_evidence.
Result<std::string> inspect_evidence_text(ByteView file);
Result<std::string> inspect_evidence_json(ByteView file);

}  // namespace ratls
