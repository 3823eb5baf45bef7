#include <ratls/certgen/evidence_queue.h>

#include <utility>

#include <ratls/certgen/detail/evidence_ticket.h>
#include <ratls/certgen/detail/identity_claim.h>
#include <ratls/core/evidence.h>
#include <ratls/core/guarded.h>
#include <ratls/core/merkle.h>
#include <ratls/core/snp_report.h>
#include <ratls/core/tpm_quote.h>

namespace ratls {
namespace {

using Ticket = std::shared_ptr<detail::EvidenceTicket>;

Result<Bytes> claims_of(const EvidenceRequest& request) {
  Claims claims;
  claims.role = request.role;
  claims.level = request.level;
  claims.binder = request.binder;
  claims.pubkey_hash = request.spki_hash;
  return claims.encode();
}

Result<void> check_quote_echo(const AzureEvidence& got, const ReportData& asked) {
  RATLS_TRY(const TpmQuote quote, parse_tpm_quote(got.quote));
  if (equal_ct(quote.extra_data, qualifying_data_for(asked).view())) return {};
  return Error(Reason::report_echo_mismatch, "the vTPM's quote has other qualifying data");
}

// Another user of the device may have got in between writing and reading, and a host may answer
// with an old report: the only proof that this report is ours stands in the report itself.
Result<void> check_echo(const AttestationReport& got, const ReportData& asked) {
  if (got.azure) return check_quote_echo(*got.azure, asked);
  if (got.report.size() != kSnpReportSize) {
    return Error(Reason::malformed_report,
                 "the report source returned " + std::to_string(got.report.size()) + " bytes");
  }
  const ByteView echoed = report_data_in(got.report);
  if (!equal_ct(echoed, asked.view())) {
    return Error(Reason::report_echo_mismatch, "asked for REPORT_DATA " +
                                                   to_hex(asked.view().first(8)) + "..., got " +
                                                   to_hex(echoed.first(8)) + "...");
  }
  return {};
}

Result<AttestationReport> ask(ReportSource& source, const merkle::Node& root) {
  const ReportData data = report_data_for(root);
  RATLS_TRY(auto report, source.get(data));
  RATLS_CHECK(check_echo(report, data));
  return report;
}

Result<Bytes> evidence_of(const AttestationReport& report, const Bytes& claims,
                          const merkle::Path& path) {
  EvidenceEnvelope envelope;
  if (report.azure) {
    envelope.azure = report.azure;
  } else {
    envelope.report = report.report;
  }
  envelope.endorsement = report.endorsement;
  envelope.claims = claims;
  if (!path.siblings.empty()) {
    RATLS_TRY(envelope.path, path.encode());
  }
  return envelope.encode();
}

// What the report is to vouch for, of everybody in his place.
Result<std::vector<Bytes>> claims_of(const std::vector<Ticket>& batch,
                                     const CertificateIdentity* instance) {
  std::vector<Bytes> out;
  out.reserve(batch.size());
  for (const Ticket& ticket : batch) {
    if (instance == nullptr) {
      out.push_back(ticket->claims());
      continue;
    }
    RATLS_TRY(Bytes claims, detail::with_identity(ticket->claims(), *instance));
    out.push_back(std::move(claims));
  }
  return out;
}

// One report for the whole batch. An error is everybody's.
Result<void> serve(const std::vector<Ticket>& batch, ReportSource& source,
                   const CertificateIdentity* instance) {
  RATLS_TRY(const auto claims, claims_of(batch, instance));
  std::vector<merkle::Node> leaves;
  leaves.reserve(batch.size());
  for (const Bytes& each : claims) leaves.push_back(merkle::leaf(each));
  RATLS_TRY(const merkle::Tree tree, merkle::build(leaves));
  RATLS_TRY(const AttestationReport report, ask(source, tree.root));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i]->complete(evidence_of(report, claims[i], tree.paths[i]));
  }
  return {};
}

// The detail may find no memory; whoever waits is told the reason all the same.
Error copy_of(const Error& error) {
  try {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(error.reason());
  }
}

void fail(const std::vector<Ticket>& tickets, const Error& error) {
  for (const Ticket& ticket : tickets) ticket->complete(copy_of(error));
}

}  // namespace

EvidenceQueue::EvidenceQueue(std::chrono::milliseconds deadline,
                             std::shared_ptr<const CertificateIdentity> instance)
    : deadline_(deadline), instance_(std::move(instance)) {}

EvidenceQueue::~EvidenceQueue() {
  stop();
}

PendingEvidence EvidenceQueue::submit(const EvidenceRequest& request) {
  auto made = guarded([&]() -> Result<Ticket> {
    auto claims = claims_of(request);
    auto ticket = std::make_shared<detail::EvidenceTicket>(claims ? *claims : Bytes{}, deadline_);
    if (!claims) {
      ticket->complete(std::move(claims).error());
    } else if (auto refused = enqueue(ticket)) {
      ticket->complete(*std::move(refused));
    }
    return ticket;
  });
  return PendingEvidence(made ? std::move(made).value() : nullptr);
}

std::optional<Error> EvidenceQueue::enqueue(const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  if (closed_) return closed_;
  if (waiting_.size() >= kMaxWaiting) {
    std::erase_if(waiting_, [](const Ticket& other) { return other->abandoned(); });
  }
  if (waiting_.size() >= kMaxWaiting) {
    return Error(Reason::firmware_throttled,
                 std::to_string(kMaxWaiting) + " sessions are waiting for a report already");
  }
  waiting_.push_back(ticket);
  work_.notify_one();
  return std::nullopt;
}

bool EvidenceQueue::wait_for_work() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return closed_.has_value() || !waiting_.empty(); });
  return !closed_;
}

std::vector<EvidenceQueue::Ticket> EvidenceQueue::gather() {
  std::vector<Ticket> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(waiting_);
  }
  std::erase_if(batch, [](const Ticket& ticket) { return ticket->abandoned(); });
  return batch;
}

bool EvidenceQueue::wait_until(std::chrono::steady_clock::time_point moment) {
  std::unique_lock lock(mutex_);
  work_.wait_until(lock, moment, [this] { return closed_.has_value(); });
  return !closed_;
}

EvidenceQueue::Batch EvidenceQueue::run_one(ReportSource& source) {
  const std::vector<Ticket> batch = gather();
  Batch out{batch.size(), std::nullopt};
  if (batch.empty()) return out;
  if (auto served = guarded([&] { return serve(batch, source, instance_.get()); }); !served) {
    out.failure = served.error().reason();
    // The kernel has wiped its key: nothing but a reboot brings reports back.
    if (*out.failure == Reason::firmware_gone) close(served.error());
    fail(batch, served.error());
  }
  return out;
}

void EvidenceQueue::stop() {
  close(Error(Reason::attester_stopped, "the attester was shut down while sessions waited"));
}

void EvidenceQueue::close(const Error& error) {
  std::vector<Ticket> left;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) closed_ = copy_of(error);
    left.swap(waiting_);
    work_.notify_all();
  }
  fail(left, error);
}

}  // namespace ratls
