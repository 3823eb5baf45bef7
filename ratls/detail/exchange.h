/// Which frame may come, and which may go, at each point (docs/protocol.md, section 8). Knows no
/// bytes, no keys and no clock: docs/state-machine.md has it as a table.
#pragma once

#include <optional>
#include <set>

#include <ratls/core/result.h>
#include <ratls/detail/frames.h>

namespace ratls::detail {

class Exchange {
 public:
  struct Rules {
    bool can_answer = false;     ///< this side has an attester
    bool reattestation = false;  ///< a REQUEST may come on an open channel
  };
  /// The most REQUESTs of both directions in one session: a context of each is remembered.
  static constexpr std::size_t kMaxRequests = 4096;

  explicit Exchange(Rules rules) : rules_(rules) {}

  // What this side does.

  /// Nothing but a REQUEST is taken first: this side must be judged, and its certificate had no
  /// evidence.
  void expect_request() noexcept { expects_request_ = true; }
  /// Its certificate had evidence: a VERDICT is due.
  void expect_verdict() noexcept { verdict_due_ = true; }
  /// Its REQUEST goes out. Errors: reattestation_off; frame_out_of_order where there were too many.
  Result<void> ask(const FrameContext& context, bool initial);
  /// Its EVIDENCE goes out; the peer's VERDICT is due.
  void answer() noexcept;
  /// Its VERDICT, an acceptance, goes out.
  void judge() noexcept { asking_.reset(); }

  // What the peer sends. An error closes the session.

  /// Errors: duplicate_request, context_reused, reattestation_off, cannot_attest,
  /// level_unavailable, frame_out_of_order.
  Result<void> on_request(const RequestFrame& request);
  /// Errors: unsolicited_evidence, context_mismatch.
  Result<void> on_evidence(const FrameContext& context) const;
  /// An acceptance. Errors: frame_out_of_order.
  Result<void> on_verdict();
  /// Errors: evidence_not_requested, frame_out_of_order.
  Result<void> on_data();
  /// close_notify. Errors: evidence_missing, evidence_not_requested, verdict_missing.
  Result<void> on_end() const;

  /// This side's REQUEST is open: no DATA goes out, none is delivered.
  [[nodiscard]] bool asking() const noexcept { return asking_.has_value(); }
  /// The peer's REQUEST waits for this side's EVIDENCE: no DATA goes out.
  [[nodiscard]] bool asked() const noexcept { return asked_; }
  /// This side waits for a REQUEST before anything else.
  [[nodiscard]] bool expects_request() const noexcept { return expects_request_; }
  /// This side was not accepted yet.
  [[nodiscard]] bool acceptance_due() const noexcept {
    return expects_request_ || asked_ || verdict_due_;
  }
  /// May DATA go out? Evidence in a certificate does not wait for its VERDICT.
  [[nodiscard]] bool may_send() const noexcept { return !asking_ && !asked_ && !expects_request_; }

 private:
  Result<void> remember(const FrameContext& context);

  Rules rules_;
  std::set<FrameContext> contexts_;
  std::optional<FrameContext> asking_;
  bool expects_request_ = false;
  bool asked_ = false;
  bool verdict_due_ = false;
  bool answered_ = false;  // the VERDICT that is due is over EVIDENCE
  bool request_seen_ = false;
  bool data_seen_ = false;
};

}  // namespace ratls::detail
