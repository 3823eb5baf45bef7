/// Where REPORT_DATA stands in a report: what those who ask for one and those who judge one share.
#pragma once

#include <cstddef>

#include <ratls/core/report_data.h>

namespace ratls {

/// Offset of REPORT_DATA in an ATTESTATION_REPORT: AMD 56860 (SEV Secure Nested Paging Firmware ABI
/// Specification), section 7.3, table "ATTESTATION_REPORT Structure" (number 23; 21 in older
/// revisions). The same in all versions of the report.
inline constexpr std::size_t kSnpReportDataOffset = 0x50;

/// The REPORT_DATA of `report`, which has kSnpReportSize bytes (core/evidence.h). Borrowed.
inline ByteView report_data_in(ByteView report) {
  return report.subspan(kSnpReportDataOffset, ReportData::kSize);
}

}  // namespace ratls
