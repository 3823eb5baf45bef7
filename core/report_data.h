/// REPORT_DATA: the 64 bytes that a report vouches for (docs/protocol.md, section 4).
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/merkle.h>

namespace ratls {

using ReportData = FixedBytes<64, struct ReportDataTag>;

/// SHA-512("RATLS-SNP-v1" || 0x00 || root).
ReportData report_data_for(const merkle::Node& root) noexcept;

}  // namespace ratls
