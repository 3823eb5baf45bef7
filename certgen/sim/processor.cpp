#include <ratls/certgen/sim/processor.h>

#include <utility>

namespace ratls::sim {
namespace {

Result<Endorsement> endorse(Authority& authority, const ProcessorOptions& options,
                            Timestamp not_before) {
  const ReportOptions& report = options.report;
  if (report.signed_by == SignedBy::vlek) {
    return authority.vlek(
        VlekOptions{report.product, options.csp_id, report.firmware.reported, not_before});
  }
  return authority.vcek(
      VcekOptions{report.product, report.chip_id, report.firmware.reported, not_before});
}

}  // namespace

ProcessorOptions processor_of(const Authority& authority, Product product,
                              std::string_view chip_name) {
  ProcessorOptions options;
  options.report = report_of(product, authority.chip_id(product, chip_name));
  return options;
}

Processor::Processor(ProcessorOptions options, Endorsement endorsement, Sleeper& sleeper)
    : options_(std::move(options)),
      endorsement_(std::move(endorsement)),
      sleeper_(sleeper),
      throttle_(options_.throttle) {}

Result<std::unique_ptr<Processor>> Processor::make(Authority& authority, ProcessorOptions options,
                                                   Timestamp endorsed_from, Sleeper& sleeper) {
  RATLS_TRY(auto endorsement, endorse(authority, options, endorsed_from));
  return std::unique_ptr<Processor>(
      new Processor(std::move(options), std::move(endorsement), sleeper));
}

Result<AttestationReport> Processor::get(const ReportData& data) {
  sleeper_.sleep_for(throttle_.next(sleeper_.now()));
  if (auto refused = refusal()) return *std::move(refused);
  AttestationReport made;
  RATLS_TRY(made.report, make_report(endorsement_.key, options_.report, data));
  if (options_.supply_endorsement) made.endorsement = endorsement_.certificate;
  ++signed_;
  return made;
}

std::optional<ReportPace> Processor::pace() const noexcept {
  if (options_.throttle.reports == 0) return std::nullopt;
  return ReportPace{};
}

void Processor::refuse(Error error, unsigned times) {
  const std::lock_guard lock(mutex_);
  refusal_ = std::move(error);
  refusals_left_ = times;
}

std::optional<Error> Processor::refusal() {
  const std::lock_guard lock(mutex_);
  if (!refusal_ || refusals_left_ == 0) return std::nullopt;
  if (refusal_->reason() != Reason::firmware_gone) --refusals_left_;
  return refusal_;
}

}  // namespace ratls::sim
