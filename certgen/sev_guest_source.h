/// Reports from /dev/sev-guest (Linux 5.19 and later; linux/sev-guest.h).
#pragma once

#include <functional>
#include <memory>

#include <ratls/certgen/report_source.h>

namespace ratls {

/// The driver retries a throttled request for a minute and then wipes the guest's key for good, so
/// a request is never given up early, and never two run at once.
class SevGuestSource final : public ReportSource {
 public:
  /// ioctl(2) on the device: 0, or an errno.
  using Ioctl = std::function<int(unsigned long request, void* argument)>;

  /// Opens the device; reports are for the VMPL that the kernel says it runs at, else 0.
  /// Errors: no_report_device.
  static Result<std::unique_ptr<SevGuestSource>> open(const std::string& path = "/dev/sev-guest");
  /// `level`: the VMPL that reports are asked for.
  explicit SevGuestSource(Ioctl ioctl, unsigned level = 0);
  ~SevGuestSource() override;

  /// With the host's certificates where they fit what the driver takes, else without.
  /// Errors: firmware_throttled, firmware_gone (final: every later call gives it, too),
  /// malformed_report, report_echo_mismatch, io_error with the firmware's and the host's codes.
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "sev-guest"; }
  [[nodiscard]] bool simulated() const noexcept override { return false; }

 private:
  Ioctl ioctl_;
  unsigned level_;
  bool gone_ = false;
};

}  // namespace ratls
