#include <ratls/certgen/attester.h>

#include <system_error>

#include <ratls/certgen/detail/report_pacer.h>

namespace ratls {

Attester::Attester(ReportSource& source, std::chrono::milliseconds deadline)
    : source_(source), queue_(deadline) {}

Attester::~Attester() {
  queue_.stop();
  if (worker_.joinable()) worker_.join();
}

Result<void> Attester::start() {
  if (worker_.joinable()) return Error(Reason::internal, "the attester was started before");
  try {
    worker_ = std::thread([this] { work(); });
  } catch (const std::system_error& error) {
    return Error(Reason::internal, std::string("no thread for the attester: ") + error.what());
  }
  return {};
}

PendingEvidence Attester::begin(const EvidenceRequest& request) {
  return queue_.submit(request);
}

// Whoever arrives while the pacer holds back joins the batch, so pacing costs no reports.
void Attester::work() {
  using Clock = std::chrono::steady_clock;
  const auto pace = source_.pace();
  std::optional<detail::ReportPacer> pacer;
  if (pace) pacer.emplace(*pace);
  while (queue_.wait_for_work()) {
    if (pacer && !queue_.wait_until(pacer->earliest(Clock::now()))) return;
    const auto began = Clock::now();
    const auto batch = queue_.run_one(source_);
    if (!pacer || batch.sessions == 0) continue;
    pacer->record(began, Clock::now(), batch.failure == Reason::firmware_throttled);
  }
}

}  // namespace ratls
