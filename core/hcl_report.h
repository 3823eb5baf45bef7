/// The report that Azure's paravisor (the HCL, at VMPL 0) leaves in the vTPM of a confidential VM:
/// NV index 0x01400001 (docs/azure.md).
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// The most that is read: the index holds 2600 bytes on machines of 2026, zeros at the end.
inline constexpr std::size_t kMaxHclReportSize = 4096;

/// One HCL report around an SEV-SNP report, taken apart and not believed. Owns its bytes.
struct HclReport {
  std::uint32_t header_version = 0;
  Bytes report;  ///< exactly kSnpReportSize bytes
  Bytes
      runtime_data;  ///< the JSON whose SHA-256 the report's REPORT_DATA holds, as it stands there
  std::size_t size = 0;  ///< of all of it, without the zeros behind
};

/// Is this an HCL report, by its first four bytes?
bool is_hcl_report(ByteView bytes) noexcept;

/// Every size must agree with every other; what lies behind must be zero.
/// Errors: malformed_hcl_report; unsupported_hcl_report where it is around something else than an
/// SEV-SNP report, or hashed with something else than SHA-256.
Result<HclReport> parse_hcl_report(ByteView bytes);

}  // namespace ratls
