/// What a PendingEvidence and the queue share.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

/// Threads: every function may be called from any thread. No function takes the queue's lock, so
/// a ticket may be used with or without it.
class EvidenceTicket {
 public:
  using Clock = std::chrono::steady_clock;

  /// `limit`: how long it may wait, from now on.
  EvidenceTicket(Bytes claims, std::chrono::milliseconds limit)
      : claims_(std::move(claims)), limit_(limit), deadline_(Clock::now() + limit) {}

  /// The claims' CBOR, fixed at construction.
  [[nodiscard]] const Bytes& claims() const noexcept { return claims_; }
  [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }

  /// Nobody waits any more: cancelled, or past the deadline.
  [[nodiscard]] bool abandoned() const noexcept;

  /// The first outcome counts, later ones are dropped. Calls the wake function.
  void complete(Result<Bytes> outcome);

  void cancel() noexcept;
  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool wait_until(Clock::time_point limit) const;
  [[nodiscard]] Result<Bytes> take();
  void on_ready(std::function<void()> wake);

 private:
  [[nodiscard]] Error timed_out() const;

  const Bytes claims_;
  const std::chrono::milliseconds limit_;
  const Clock::time_point deadline_;

  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;  // everything below; held while wake_ runs, so that cancel() waits
  mutable std::condition_variable changed_;
  bool done_ = false;
  std::optional<Result<Bytes>> outcome_;
  std::function<void()> wake_;
};

}  // namespace ratls::detail
