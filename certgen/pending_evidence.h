/// Evidence that is still being made.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

namespace detail {
class EvidenceTicket;
}

/// One session's claim on a report to come. Move-only; dropping it cancels the request, and a
/// report that nobody waits for is never asked for.
/// Threads: one thread at a time, which need not be the one that makes the report.
class PendingEvidence {
 public:
  /// `ticket`: null where there was no memory for one.
  explicit PendingEvidence(std::shared_ptr<detail::EvidenceTicket> ticket) noexcept;
  PendingEvidence(const PendingEvidence&) = delete;
  PendingEvidence& operator=(const PendingEvidence&) = delete;
  PendingEvidence(PendingEvidence&& other) noexcept;
  PendingEvidence& operator=(PendingEvidence&& other) noexcept;
  ~PendingEvidence();

  /// Would take() return at once? True when the evidence or an error is there, and once the
  /// deadline has passed.
  [[nodiscard]] bool ready() const;

  /// Blocks until ready(), at most `limit`; says whether it is.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds limit) const;

  /// The evidence's CBOR (EvidenceEnvelope::encode()), once. Blocks until ready(); an event loop
  /// asks ready() first. Errors: evidence_timeout, those of the ReportSource,
  /// report_echo_mismatch, malformed_evidence, attester_stopped, out_of_memory; internal where
  /// taken before.
  [[nodiscard]] Result<Bytes> take();

  /// Have `wake` called once, when the evidence or an error is there: at once, in this thread, if
  /// it is already; else later, in the thread that made the report. Not called for the deadline:
  /// an event loop has its own timer for deadline(). When this handle is gone, `wake` is neither
  /// running nor will it run. `wake` may only wake somebody (write to an eventfd, notify a
  /// condition variable); it must not touch this handle or the queue, and must not throw.
  void on_ready(std::function<void()> wake);

  /// When take() gives up.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;

 private:
  void cancel() noexcept;

  std::shared_ptr<detail::EvidenceTicket> ticket_;  // null where moved from, or never made
  Reason missing_ = Reason::internal;               // why it is null
};

}  // namespace ratls
