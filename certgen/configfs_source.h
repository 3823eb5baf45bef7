/// Reports from Linux's configfs-tsm (6.7 and later;
/// Documentation/ABI/testing/configfs-tsm-report).
#pragma once

#include <memory>

#include <ratls/certgen/report_source.h>

namespace ratls {

namespace detail {
class TsmFiles;
}

/// Makes an entry of its own with a random name for each report and removes it again. Another
/// writer is noticed by the entry's generation, and by REPORT_DATA in the report.
class ConfigfsSource final : public ReportSource {
 public:
  /// /sys/kernel/config/tsm/report.
  ConfigfsSource();
  explicit ConfigfsSource(std::unique_ptr<detail::TsmFiles> files);
  ~ConfigfsSource() override;

  /// Errors: no_report_device (absent, not permitted, another provider, an SVSM that shows only
  /// bound reports), firmware_throttled, firmware_gone (final), malformed_report,
  /// report_echo_mismatch, io_error.
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "configfs"; }
  [[nodiscard]] bool simulated() const noexcept override { return false; }

 private:
  std::unique_ptr<detail::TsmFiles> files_;
};

}  // namespace ratls
