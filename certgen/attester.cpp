#include <ratls/certgen/attester.h>

#include <system_error>

#include <ratls/certgen/detail/report_pacer.h>
#include <ratls/core/guarded.h>

namespace ratls {

Attester::Attester(ReportSource& source, std::chrono::milliseconds deadline,
                   std::shared_ptr<const CertificateIdentity> instance)
    : source_(source), queue_(deadline, std::move(instance)) {}

Attester::Attester(std::unique_ptr<ReportSource> source, std::chrono::milliseconds deadline,
                   std::shared_ptr<const CertificateIdentity> instance)
    : owned_(std::move(source)), source_(*owned_), queue_(deadline, std::move(instance)) {}

Attester::~Attester() {
  queue_.stop();
  if (worker_.joinable()) worker_.join();
}

Result<void> Attester::start() {
  if (worker_.joinable()) return Error(Reason::internal, "the attester was started before");
  return guarded([this]() -> Result<void> {
    const auto pace = source_.pace();
    if (pace) pacer_ = std::make_unique<detail::ReportPacer>(*pace);
    try {
      worker_ = std::thread([this] { work(); });
    } catch (const std::system_error& error) {
      return Error(Reason::internal, std::string("no thread for the attester: ") + error.what());
    }
    return {};
  });
}

PendingEvidence Attester::begin(const EvidenceRequest& request) {
  return queue_.submit(request);
}

// Whoever arrives while the pacer holds back joins the batch, so pacing costs no reports.
void Attester::work() {
  using Clock = std::chrono::steady_clock;
  while (queue_.wait_for_work()) {
    if (pacer_ && !queue_.wait_until(pacer_->earliest(Clock::now()))) return;
    const auto began = Clock::now();
    const auto batch = queue_.run_one(source_);
    if (!pacer_ || batch.sessions == 0) continue;
    const auto noted = guarded([&]() -> Result<void> {
      pacer_->record(began, Clock::now(), batch.failure == Reason::firmware_throttled);
      return {};
    });
    // A report that could not be noted still counts: nothing is asked until it does no more.
    if (!noted && !queue_.wait_until(Clock::now() + pacer_->pace().window)) return;
  }
}

}  // namespace ratls
