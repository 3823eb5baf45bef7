/// What both doors of the kernel have in common: a report's own words, and its leaf.
#pragma once

#include <ratls/certgen/report_source.h>

namespace ratls::detail {

/// The report, with the leaf of `table` that its KEY_INFO names (AMD 56860, SIGNING_KEY): VCEK or
/// VLEK. A table that breaks its rules gives none, nor does one whose leaf is for other firmware
/// than REPORTED_TCB: it is the host's, and a verifier can look for the leaf elsewhere. Errors:
/// malformed_report (not 1184 bytes), report_echo_mismatch (REPORT_DATA is not `asked`: another
/// user of the device, or a host that replays).
Result<AttestationReport> with_endorsement(Bytes report, ByteView table, const ReportData& asked);

}  // namespace ratls::detail
