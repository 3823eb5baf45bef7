/// For which firmware a report, and the certificate of its key, were made.
#pragma once

#include <optional>

#include <ratls/core/bytes.h>

namespace ratls {

/// REPORTED_TCB as it stands in a report: what its key was derived for (AMD 56860,
/// ATTESTATION_REPORT).
using ReportedTcb = FixedBytes<8, struct ReportedTcbTag>;

/// Of a report of kSnpReportSize bytes (on Azure: the one inside the HCL report); nothing where
/// these are not a report's bytes. Nothing is verified.
std::optional<ReportedTcb> reported_tcb(ByteView report);

}  // namespace ratls
