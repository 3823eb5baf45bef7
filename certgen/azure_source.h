/// Reports of Azure's confidential VMs, through their vTPM (docs/azure.md).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>

namespace ratls {

namespace detail {
class VtpmDoor;
}

/// Asks the paravisor once for a fresh report around the vTPM's key, and the vTPM for a quote each
/// time. No VCEK comes with it: the verifier gets that from its collateral.
class AzureSource final : public ReportSource {
 public:
  static constexpr std::string_view kDevice = "device:/dev/tpmrm0";

  /// How long the paravisor may take for a fresh report; then the one from before stands.
  struct Patience {
    std::chrono::milliseconds whole{6000};
    std::chrono::milliseconds pause{250};
  };

  /// `tcti` in the words of tpm2-tss. Errors: no_report_device (no TPM, not permitted, no TPM
  /// support in this build, or a TPM without a paravisor's report), io_error.
  static Result<std::unique_ptr<AzureSource>> open(const std::string& tcti = std::string(kDevice));
  AzureSource(std::unique_ptr<detail::VtpmDoor> door, Patience patience);
  ~AzureSource() override;

  /// The quote's qualifying data is qualifying_data_for(data). Errors: no_report_device, io_error,
  /// malformed_hcl_report, unsupported_hcl_report, malformed_tpm_quote, pcr_values_mismatch (PCRs
  /// that change all the time).
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "azure-vtpm"; }
  [[nodiscard]] bool simulated() const noexcept override { return false; }
  /// A vTPM has no throttle.
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return std::nullopt; }

 private:
  Result<void> refresh();
  Result<bool> await(const std::string& user_data);
  Result<AzureEvidence> quote_once(const ReportData& data);

  std::unique_ptr<detail::VtpmDoor> door_;
  const Patience patience_;
  std::optional<AttestationReport> report_;  ///< without its quote
};

}  // namespace ratls
