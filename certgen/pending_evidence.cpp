#include <ratls/certgen/pending_evidence.h>

#include <utility>

#include <ratls/certgen/detail/evidence_ticket.h>

namespace ratls {

PendingEvidence::PendingEvidence(std::shared_ptr<detail::EvidenceTicket> ticket) noexcept
    : ticket_(std::move(ticket)) {
  if (!ticket_) missing_ = Reason::out_of_memory;
}

PendingEvidence::PendingEvidence(PendingEvidence&& other) noexcept = default;

PendingEvidence& PendingEvidence::operator=(PendingEvidence&& other) noexcept {
  if (this != &other) {
    cancel();
    ticket_ = std::move(other.ticket_);
    missing_ = other.missing_;
  }
  return *this;
}

PendingEvidence::~PendingEvidence() {
  cancel();
}

void PendingEvidence::cancel() noexcept {
  if (ticket_) ticket_->cancel();
  ticket_.reset();
}

bool PendingEvidence::ready() const {
  return !ticket_ || ticket_->ready();
}

bool PendingEvidence::wait_for(std::chrono::milliseconds limit) const {
  return !ticket_ || ticket_->wait_until(std::chrono::steady_clock::now() + limit);
}

Result<Bytes> PendingEvidence::take() {
  if (!ticket_ && missing_ != Reason::internal) return Error(missing_);
  if (!ticket_) return Error(Reason::internal, "this handle has been moved from");
  return ticket_->take();
}

void PendingEvidence::on_ready(std::function<void()> wake) {
  if (ticket_) ticket_->on_ready(std::move(wake));
}

std::chrono::steady_clock::time_point PendingEvidence::deadline() const {
  return ticket_ ? ticket_->deadline() : std::chrono::steady_clock::time_point::min();
}

}  // namespace ratls
