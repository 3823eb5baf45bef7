/// Evidence of an Azure confidential VM, as it travels (docs/protocol.md, section 3;
/// docs/azure.md).
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/report_data.h>
#include <ratls/core/result.h>

namespace ratls {

/// What stands in place of a bare SEV-SNP report. Owns its bytes; nothing in it is believed.
struct AzureEvidence {
  Bytes hcl_report;  ///< NV index 0x01400001, without the zeros at its end
  Bytes quote;       ///< TPMS_ATTEST
  Bytes signature;   ///< RSASSA-PKCS1-v1_5 with SHA-256 over `quote`, by the HCL's AK
  Bytes pcr_values;  ///< 32 bytes for each PCR that the quote selects, the lowest index first

  /// [hcl_report, quote, signature, pcr_values] in deterministic CBOR.
  [[nodiscard]] Bytes encode() const;
  /// Errors: malformed_evidence.
  static Result<AzureEvidence> decode(ByteView cbor);
};

/// What the quote's qualifying data must be.
using QualifyingData = FixedBytes<48, struct QualifyingDataTag>;

/// SHA-384("RATLS-AZURE-v1" || 0x00 || data): a vTPM takes 48 bytes, and REPORT_DATA, which would
/// be `data` on other SEV-SNP machines, has 64.
QualifyingData qualifying_data_for(const ReportData& data) noexcept;

}  // namespace ratls
