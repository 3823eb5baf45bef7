/// Group commit: one report for every session that waits (docs/protocol.md, section 4).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <ratls/certgen/pending_evidence.h>
#include <ratls/certgen/report_source.h>
#include <ratls/core/claims.h>
#include <ratls/core/result.h>

namespace ratls {

class CertificateIdentity;

/// What one session wants vouched for. `binder` is there exactly at levels 2 and 3.
struct EvidenceRequest {
  Role role = Role::client;
  Level level = Level::key;
  std::optional<Binder> binder;
  SpkiHash spki_hash;
};

/// Gathers requests while a report is being made, then serves all of them with the next one.
/// A stall is 10.2 s; the default deadline leaves room for one.
/// Threads: submit(), stop() and the handles from any thread; wait_for_work() and run_one() from
/// one thread at a time. It has no thread of its own: see Attester.
class EvidenceQueue {
 public:
  /// The most requests that wait at a time; also what one report can serve (2^16).
  static constexpr std::size_t kMaxWaiting = 65536;
  static constexpr std::chrono::milliseconds kDefaultDeadline{15000};

  /// `deadline`: how long a request may wait, counted from submit() on the monotonic clock.
  /// `instance`: signs the claims of every session at level 2 and 3; may be null.
  explicit EvidenceQueue(std::chrono::milliseconds deadline = kDefaultDeadline,
                         std::shared_ptr<const CertificateIdentity> instance = nullptr);
  EvidenceQueue(const EvidenceQueue&) = delete;
  EvidenceQueue& operator=(const EvidenceQueue&) = delete;
  ~EvidenceQueue();

  /// Never blocks, and never fails by itself: what is wrong comes out of the handle's take(). That
  /// is at once for claims that cannot be (malformed_evidence), a full queue
  /// (firmware_throttled), a queue that was stopped (attester_stopped), firmware that is gone for
  /// good (firmware_gone) and memory that ran out (out_of_memory).
  [[nodiscard]] PendingEvidence submit(const EvidenceRequest& request);

  /// Blocks until somebody waits (true) or stop() was called (false).
  [[nodiscard]] bool wait_for_work();

  /// Blocks until `moment` (true) or until stop() was called (false).
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point moment);

  /// What became of one batch.
  struct Batch {
    std::size_t sessions = 0;       ///< served, with evidence or an error; 0: nothing was asked
    std::optional<Reason> failure;  ///< why there was no report for them
  };

  /// Serves everybody who waits now with one report from `source`; blocks as long as that does.
  /// Where nobody waits no report is asked for. A source that reports firmware_gone is never asked
  /// again.
  Batch run_one(ReportSource& source);

  /// Everybody who waits, and everybody who comes later, gets attester_stopped.
  void stop();

 private:
  using Ticket = std::shared_ptr<detail::EvidenceTicket>;

  [[nodiscard]] std::vector<Ticket> gather();
  [[nodiscard]] std::optional<Error> enqueue(const Ticket& ticket);
  void close(const Error& error);

  const std::chrono::milliseconds deadline_;
  const std::shared_ptr<const CertificateIdentity> instance_;  // used by run_one() only
  std::mutex mutex_;  // the three below; never held while a ticket's lock is taken
  std::condition_variable work_;
  std::vector<Ticket> waiting_;
  std::optional<Error> closed_;
};

}  // namespace ratls
