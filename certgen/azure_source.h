/// Reports of Azure's confidential VMs, through their vTPM (docs/azure.md).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>

namespace ratls {

namespace detail {
class AzureLeaf;
class VtpmDoor;
}  // namespace detail

/// Asks the paravisor for a fresh report around the vTPM's key, at first and then once an hour
/// (other programs of the guest may ask too, and each answer replaces the one before), and the vTPM
/// for a quote each time. The VCEK comes from the machine's metadata service (THIM, plain HTTP to
/// 169.254.169.254, 2 s at most) and is stapled where it is of the report's chip and level; where
/// it cannot be had, the evidence goes out without.
class AzureSource final : public ReportSource {
 public:
  static constexpr std::string_view kDevice = "device:/dev/tpmrm0";

  /// How long the paravisor may take for a fresh report; then the one from before stands. Only the
  /// first is waited for.
  struct Patience {
    std::chrono::milliseconds whole{6000};
    std::chrono::milliseconds pause{250};
    std::chrono::milliseconds look{5000};        ///< after so long the index is read again
    std::chrono::milliseconds again{3'600'000};  ///< after so long another one is asked for
  };

  /// `tcti` in the words of tpm2-tss. `say` hears why a VCEK or a fresh report could not be had.
  /// Errors: no_report_device (no TPM, not permitted, no TPM support in this build, or a TPM
  /// without a paravisor's report), io_error.
  static Result<std::unique_ptr<AzureSource>> open(const std::string& tcti = std::string(kDevice),
                                                   Say say = {});
  AzureSource(std::unique_ptr<detail::VtpmDoor> door, std::unique_ptr<detail::AzureLeaf> leaf,
              Patience patience, Say say = {});
  ~AzureSource() override;

  /// The quote's qualifying data is qualifying_data_for(data). What goes wrong with the VCEK, or
  /// with a later report of the paravisor, is told to `say` and is no error.
  /// Errors: no_report_device, io_error,
  /// malformed_hcl_report, unsupported_hcl_report, malformed_tpm_quote, pcr_values_mismatch (PCRs
  /// that change all the time).
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "azure-vtpm"; }
  [[nodiscard]] bool simulated() const noexcept override { return false; }
  /// A vTPM has no throttle.
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return std::nullopt; }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  Result<void> ask();
  Result<bool> look();
  Result<void> wait_for_first();
  Result<void> look_again();
  void renew();
  void tell(const Result<void>& done);
  Result<AzureEvidence> quote_once(const ReportData& data);

  std::unique_ptr<detail::VtpmDoor> door_;
  std::unique_ptr<detail::AzureLeaf> leaf_;
  const Patience patience_;
  const Say say_;
  std::optional<AttestationReport> report_;  ///< without its quote
  std::string user_data_;  ///< of the request that is open, in hex; empty: none is
  Moment asked_{};         ///< when a report was asked for last
  Moment looked_{};        ///< when the index was read last
  std::string said_;       ///< about reports, last
};

}  // namespace ratls
