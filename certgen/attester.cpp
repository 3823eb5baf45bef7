#include <ratls/certgen/attester.h>

#include <system_error>

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

// Between the two calls is the only place where a report request starts: pacing belongs there, and
// costs nobody anything, because whoever arrives meanwhile joins the batch.
void Attester::work() {
  while (queue_.wait_for_work()) {
    queue_.run_one(source_);
  }
}

}  // namespace ratls
