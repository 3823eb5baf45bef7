/// Where attestation reports come from: the platform's firmware, or the simulator.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <ratls/certgen/report_pace.h>
#include <ratls/core/azure_evidence.h>
#include <ratls/core/bytes.h>
#include <ratls/core/report_data.h>
#include <ratls/core/result.h>

namespace ratls {

/// Hears, in one line of words, what is worth knowing and is no error, such as a certificate that
/// the platform did not give. Called in the thread that calls get(); must not throw. May be empty.
using Say = std::function<void(const std::string& line)>;

/// What the platform hands out for one request.
struct AttestationReport {
  Bytes report;                      ///< exactly kSnpReportSize (1184) bytes, signature included
  std::optional<Bytes> endorsement;  ///< VCEK or VLEK, DER, where the platform supplied one
  /// Of an Azure confidential VM: `report` stands inside it too, and is bound to what was asked for
  /// by the vTPM's quote instead of its REPORT_DATA.
  std::optional<AzureEvidence> azure = std::nullopt;
};

/// Makes attestation reports. The device behind it is a signing oracle: whoever can open it speaks
/// for the guest, so nothing but the Attester may hold one (docs/protocol.md, section 4).
/// Threads: get() is called from one thread at a time; the other functions from any.
class ReportSource {
 public:
  ReportSource() = default;
  ReportSource(const ReportSource&) = delete;
  ReportSource& operator=(const ReportSource&) = delete;
  virtual ~ReportSource() = default;

  /// A report over `data`; on Azure a quote over qualifying_data_for(data). Blocks for as long as
  /// the firmware takes: 8 ms, at times 10 s, at worst 60 s. Errors: firmware_throttled and
  /// io_error (try again), firmware_gone (never again).
  virtual Result<AttestationReport> get(const ReportData& data) = 0;

  /// A short name for logs, e.g. "configfs" or "sim".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// True where the reports prove nothing. Said in every log, verdict and banner.
  [[nodiscard]] virtual bool simulated() const noexcept = 0;

  /// How often get() may be called; nothing where there is no limit. The default is below the
  /// throttle of SEV-SNP hosts.
  [[nodiscard]] virtual std::optional<ReportPace> pace() const noexcept { return ReportPace{}; }
};

}  // namespace ratls
