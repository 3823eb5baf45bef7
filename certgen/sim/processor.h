/// The simulated secure processor of one machine, as a ReportSource.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/report.h>
#include <ratls/certgen/sim/throttle.h>

namespace ratls::sim {

/// How a guest on a simulated machine looks.
struct ProcessorOptions {
  ReportOptions report;
  std::string csp_id = "CN=simulator.invalid";  ///< of the VLEK
  /// Does the platform hand out the VCEK or VLEK with each report?
  bool supply_endorsement = true;
  ThrottleOptions throttle;
};

/// A guest with recent firmware on the chip called `chip_name`.
ProcessorOptions processor_of(const Authority& authority, Product product,
                              std::string_view chip_name = "chip-0");

/// Signs a report for every request, as the firmware would. What it signs proves nothing.
/// Threads: get() from one thread at a time; the rest from any.
class Processor final : public ReportSource {
 public:
  /// The VCEK is for `options.report.chip_id`, the VCEK and the VLEK for the reported TCB, both
  /// valid from `endorsed_from`. `sleeper` is borrowed and must outlive the processor.
  /// Errors: those of Authority.
  static Result<std::unique_ptr<Processor>> make(Authority& authority, ProcessorOptions options,
                                                 Timestamp endorsed_from, Sleeper& sleeper);

  /// Errors: what refuse() asked for; internal.
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "sim"; }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  /// Paced like real firmware where it is throttled like it.
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override;

  /// The next `times` requests fail with `error`. As in the real thing, firmware_gone stays.
  void refuse(Error error, unsigned times = 1);

  /// How many reports it has signed.
  [[nodiscard]] std::uint64_t signed_reports() const noexcept { return signed_.load(); }
  /// The VCEK or VLEK that belongs to the reports, DER.
  [[nodiscard]] const Bytes& endorsement() const noexcept { return endorsement_.certificate; }
  [[nodiscard]] const AttestationKey& key() const noexcept { return endorsement_.key; }
  [[nodiscard]] const ReportOptions& report() const noexcept { return options_.report; }

 private:
  Processor(ProcessorOptions options, Endorsement endorsement, Sleeper& sleeper);
  [[nodiscard]] std::optional<Error> refusal();

  const ProcessorOptions options_;
  const Endorsement endorsement_;
  Sleeper& sleeper_;
  Throttle throttle_;
  std::atomic<std::uint64_t> signed_{0};
  std::mutex mutex_;  // the two below
  std::optional<Error> refusal_;
  unsigned refusals_left_ = 0;
};

}  // namespace ratls::sim
