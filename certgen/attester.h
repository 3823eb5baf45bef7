/// The Attester: the one owner of the report device, and the one thread that blocks in it.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <thread>

#include <ratls/certgen/evidence_queue.h>
#include <ratls/certgen/report_source.h>
#include <ratls/core/result.h>

namespace ratls {

namespace detail {
class ReportPacer;
}

/// Makes evidence for sessions without blocking them: begin() returns at once, and one worker
/// thread asks the firmware, for everybody who waits at a time.
///
/// Owns: the queue and the worker thread, which start() begins and the destructor joins. Owns or
/// borrows the ReportSource, which must be used by nobody else: not by a second Attester either.
/// Threads: begin() from any thread.
class Attester {
 public:
  /// `deadline`: how long one session waits for its evidence.
  /// The source is borrowed and must outlive this object.
  /// `instance`: a key of this guest's own, which signs what the report vouches for at levels 2 and
  /// 3 (the `identity` claim), so that a verifier can tell this guest from every other of the same
  /// image, also where a chip's key has leaked. Null: no such claim.
  explicit Attester(ReportSource& source,
                    std::chrono::milliseconds deadline = EvidenceQueue::kDefaultDeadline,
                    std::shared_ptr<const CertificateIdentity> instance = nullptr);
  /// The source, which must not be null, ends with this object: identities that are replaced while
  /// sessions still use them.
  explicit Attester(std::unique_ptr<ReportSource> source,
                    std::chrono::milliseconds deadline = EvidenceQueue::kDefaultDeadline,
                    std::shared_ptr<const CertificateIdentity> instance = nullptr);
  Attester(const Attester&) = delete;
  Attester& operator=(const Attester&) = delete;
  /// Gives attester_stopped to everybody who waits, then waits for the worker; where it stands in
  /// the firmware, that takes as long as the firmware does.
  ~Attester();

  /// Starts the worker thread. Call it once. Errors: internal (no thread to be had, or started
  /// already), out_of_memory.
  Result<void> start();

  /// Asks for evidence; see EvidenceQueue::submit(). Before start() it waits.
  [[nodiscard]] PendingEvidence begin(const EvidenceRequest& request);

  [[nodiscard]] std::string_view source_name() const noexcept { return source_.name(); }
  /// True where the evidence proves nothing.
  [[nodiscard]] bool simulated() const noexcept { return source_.simulated(); }

 private:
  void work();

  std::unique_ptr<ReportSource> owned_;  // null where it is borrowed
  ReportSource& source_;
  EvidenceQueue queue_;
  std::unique_ptr<detail::ReportPacer> pacer_;  // null where the source has no pace
  std::thread worker_;
};

}  // namespace ratls
