#include <ratls/detail/exchange.h>

#include <ratls/core/claims.h>

namespace ratls::detail {

namespace {

Error out_of_order(std::string detail) {
  return Error(Reason::frame_out_of_order, std::move(detail));
}

}  // namespace

Result<void> Exchange::remember(const FrameContext& context) {
  if (contexts_.size() >= kMaxRequests) {
    return out_of_order("more than " + std::to_string(kMaxRequests) +
                        " requests on one channel; open a new one");
  }
  contexts_.insert(context);
  return {};
}

Result<void> Exchange::ask(const FrameContext& context, bool initial) {
  if (!initial && !rules_.reattestation) {
    return Error(Reason::reattestation_off, "this side wants to ask");
  }
  RATLS_CHECK(remember(context));
  asking_ = context;
  return {};
}

void Exchange::answer() noexcept {
  asked_ = false;
  answered_ = true;
  verdict_due_ = true;
}

Result<void> Exchange::on_request(const RequestFrame& request) {
  if (asked_ || answered_) return Error(Reason::duplicate_request);
  // Also one of this side's own: a mirror has no others.
  if (contexts_.count(request.context) != 0) return Error(Reason::context_reused);
  const bool initial = !request_seen_ && !data_seen_;
  if (!initial && !rules_.reattestation) return Error(Reason::reattestation_off, "the peer asked");
  if (!rules_.can_answer) return Error(Reason::cannot_attest);
  if (request.min_level > static_cast<std::uint64_t>(Level::exporter)) {
    return Error(Reason::level_unavailable, "level " + std::to_string(request.min_level));
  }
  RATLS_CHECK(remember(request.context));
  request_seen_ = true;
  expects_request_ = false;
  asked_ = true;
  return {};
}

Result<void> Exchange::on_evidence(const FrameContext& context) const {
  if (!asking_) return Error(Reason::unsolicited_evidence);
  if (context != *asking_) return Error(Reason::context_mismatch);
  return {};
}

Result<void> Exchange::on_verdict() {
  if (asked_) return out_of_order("a VERDICT before this side's EVIDENCE");
  if (!verdict_due_) return out_of_order("a VERDICT over nothing");
  verdict_due_ = false;
  answered_ = false;
  return {};
}

Result<void> Exchange::on_data() {
  if (expects_request_) return Error(Reason::evidence_not_requested, "DATA came before a REQUEST");
  if (asked_ || verdict_due_) return out_of_order("DATA before the VERDICT");
  data_seen_ = true;
  return {};
}

Result<void> Exchange::on_end() const {
  if (asking_) return Error(Reason::evidence_missing);
  if (expects_request_) return Error(Reason::evidence_not_requested, "the peer closed instead");
  if (asked_ || verdict_due_) return Error(Reason::verdict_missing, "the peer closed in order");
  return {};
}

}  // namespace ratls::detail
