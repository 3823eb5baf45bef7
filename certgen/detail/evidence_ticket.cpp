#include <ratls/certgen/detail/evidence_ticket.h>

#include <algorithm>
#include <utility>

namespace ratls::detail {

bool EvidenceTicket::abandoned() const noexcept {
  return cancelled_.load() || Clock::now() >= deadline_;
}

void EvidenceTicket::complete(Result<Bytes> outcome) {
  const std::lock_guard lock(mutex_);
  if (done_) return;
  done_ = true;
  outcome_ = std::move(outcome);
  changed_.notify_all();
  if (wake_) std::exchange(wake_, nullptr)();
}

void EvidenceTicket::cancel() noexcept {
  cancelled_.store(true);
  // Also waits for a wake function that is running at this moment.
  const std::lock_guard lock(mutex_);
  done_ = true;
  wake_ = nullptr;
}

bool EvidenceTicket::ready() const {
  const std::lock_guard lock(mutex_);
  return done_ || Clock::now() >= deadline_;
}

bool EvidenceTicket::wait_until(Clock::time_point limit) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, std::min(limit, deadline_), [this] { return done_; });
  return done_ || Clock::now() >= deadline_;
}

Result<Bytes> EvidenceTicket::take() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline_, [this] { return done_; });
  if (!done_) {
    cancelled_.store(true);
    done_ = true;
    return timed_out();
  }
  if (!outcome_) return Error(Reason::internal, "the evidence has been taken before");
  Result<Bytes> taken = std::move(*outcome_);
  outcome_.reset();
  return taken;
}

void EvidenceTicket::on_ready(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (done_) {
    wake();
    return;
  }
  wake_ = std::move(wake);
}

Error EvidenceTicket::timed_out() const {
  return Error(Reason::evidence_timeout, "no report within " + std::to_string(limit_.count()) +
                                             " ms; the firmware throttle is the usual cause");
}

}  // namespace ratls::detail
