#include <ratls/certgen/sim/guest.h>

#include <ratls/certgen/open_source.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/core/clock.h>

namespace ratls::sim {
namespace {

constexpr std::string_view kPrefix = "sim:";
constexpr std::int64_t kDay = 86400;

/// A processor with everything it borrows.
class SimulatedSource final : public ReportSource {
 public:
  explicit SimulatedSource(Authority authority) : authority_(std::move(authority)) {}

  Result<void> start(const GuestSetup& launch);
  Result<AttestationReport> get(const ReportData& data) override { return processor_->get(data); }
  [[nodiscard]] std::string_view name() const noexcept override { return "sim"; }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override {
    return processor_->pace();
  }

 private:
  Authority authority_;
  SystemSleeper sleeper_;
  std::unique_ptr<Processor> processor_;
};

Result<void> SimulatedSource::start(const GuestSetup& launch) {
  auto options = processor_of(authority_, Product::milan);
  if (!launch.measurement_hex.empty()) {
    const auto measurement = Digest48::parse_hex(launch.measurement_hex);
    if (!measurement) return Error(Reason::invalid_config, "a measurement is 96 hex digits");
    options.report.launch.measurement = *measurement;
  }
  if (launch.debug) options.report.launch.policy |= kPolicyDebug;
  if (launch.slow) options.throttle = ThrottleOptions::real();
  const auto now = SystemClock().now();
  if (!now) return Error(Reason::no_time);
  const Timestamp endorsed_from{now->unix_seconds - kDay};
  RATLS_TRY(processor_, Processor::make(authority_, options, endorsed_from, sleeper_));
  return {};
}

}  // namespace

Result<std::unique_ptr<ReportSource>> open_guest(const std::string& source,
                                                 const GuestSetup& launch) {
  if (!source.starts_with(kPrefix)) return open_report_source(source);
  const std::string folder = source.substr(kPrefix.size());
  if (!Authority::present(folder)) {
    return Error(Reason::invalid_config,
                 folder + " holds no simulator; run: ratls sim init " + folder);
  }
  RATLS_TRY(auto authority, Authority::open(folder));
  auto out = std::make_unique<SimulatedSource>(std::move(authority));
  RATLS_CHECK(out->start(launch));
  return std::unique_ptr<ReportSource>(std::move(out));
}

}  // namespace ratls::sim
