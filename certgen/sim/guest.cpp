#include <ratls/certgen/sim/guest.h>

#include <cerrno>

#include <unistd.h>

#include <ratls/certgen/open_source.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/azure_machine.h>
#include <ratls/certgen/sim/detail/store.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/core/clock.h>

namespace ratls::sim {
namespace {

constexpr std::string_view kPrefix = "sim:";
constexpr std::string_view kAzurePrefix = "sim-azure:";
constexpr std::int64_t kDay = 86400;

constexpr const char* kUpdateFile = "firmware-milan";

/// The level that the machine was updated to, if it was.
Result<std::optional<Tcb>> updated_tcb(const std::string& folder) {
  RATLS_TRY(const auto store, detail::Store::open(folder));
  if (!store.has(kUpdateFile)) return std::optional<Tcb>();
  RATLS_TRY(const auto text, store.read(kUpdateFile));
  const auto tcb =
      text.expose([](ByteView bytes) { return parse_tcb(to_string(bytes), Product::milan); });
  if (tcb) return std::optional(*tcb);
  return Error(Reason::invalid_config, store.path(kUpdateFile) + " holds no TCB");
}

/// A processor with everything it borrows.
class SimulatedSource final : public ReportSource {
 public:
  SimulatedSource(Authority authority, std::string folder)
      : authority_(std::move(authority)), folder_(std::move(folder)) {}

  Result<void> start(const GuestSetup& launch);
  Result<AttestationReport> get(const ReportData& data) override {
    RATLS_CHECK(follow_firmware());
    return processor_->get(data);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return "sim"; }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override {
    return processor_->pace();
  }

 private:
  Result<void> follow_firmware();
  Result<void> boot();

  Authority authority_;
  std::string folder_;
  ProcessorOptions options_;
  SystemSleeper sleeper_;
  std::unique_ptr<Processor> processor_;
};

Result<void> SimulatedSource::start(const GuestSetup& launch) {
  options_ = processor_of(authority_, Product::milan);
  if (!launch.measurement_hex.empty()) {
    const auto measurement = Digest48::parse_hex(launch.measurement_hex);
    if (!measurement) return Error(Reason::invalid_config, "a measurement is 96 hex digits");
    options_.report.launch.measurement = *measurement;
  }
  if (launch.debug) options_.report.launch.policy |= kPolicyDebug;
  if (launch.slow) options_.throttle = ThrottleOptions::real();
  RATLS_TRY(const auto updated, updated_tcb(folder_));
  auto& firmware = options_.report.firmware;
  if (updated) firmware.current = firmware.committed = firmware.reported = *updated;
  return boot();
}

Result<void> SimulatedSource::boot() {
  const auto now = SystemClock().now();
  if (!now) return Error(Reason::no_time);
  const Timestamp endorsed_from{now->unix_seconds - kDay};
  RATLS_TRY(processor_, Processor::make(authority_, options_, endorsed_from, sleeper_));
  return {};
}

Result<void> SimulatedSource::follow_firmware() {
  RATLS_TRY(const auto updated, updated_tcb(folder_));
  auto& firmware = options_.report.firmware;
  if (!updated || *updated == firmware.reported) return {};
  firmware.current = firmware.committed = firmware.reported = *updated;
  return boot();
}

}  // namespace

Result<std::unique_ptr<ReportSource>> open_guest(const std::string& source,
                                                 const GuestSetup& launch, const Say& say) {
  const bool azure = source.starts_with(kAzurePrefix);
  if (!azure && !source.starts_with(kPrefix)) return open_report_source(source, say);
  const std::string folder = source.substr(azure ? kAzurePrefix.size() : kPrefix.size());
  if (!Authority::present(folder)) {
    return Error(Reason::invalid_config,
                 folder + " holds no simulator; run: ratls sim init " + folder);
  }
  RATLS_TRY(auto authority, Authority::open(folder));
  auto out = std::make_unique<SimulatedSource>(std::move(authority), folder);
  RATLS_CHECK(out->start(launch));
  if (azure) return open_azure_machine(std::move(out), folder);
  return std::unique_ptr<ReportSource>(std::move(out));
}

Result<void> update_firmware(const std::string& folder, const Tcb& tcb) {
  RATLS_TRY(const auto store, detail::Store::open(folder));
  // A source that finds none meanwhile goes on with what it has.
  if (::unlink(store.path(kUpdateFile).c_str()) != 0 && errno != ENOENT) {
    return Error(Reason::io_error, store.path(kUpdateFile) + " cannot be replaced");
  }
  return store.write(kUpdateFile, as_bytes(text_of(tcb, Product::milan)));
}

}  // namespace ratls::sim
