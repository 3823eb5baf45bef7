// Evidence under a key that the policy trusts: what is accepted is accepted for what it says, and a
// change of any byte that is signed ends that.
#include "trusted_parts.h"

using namespace ratls;
using fuzz::must;
using fuzz::TrustedParts;

namespace {

constexpr std::size_t kSignedSize = 0x2A0;  // AMD 56860, ATTESTATION_REPORT

Outcome<AcceptedReport> judge(const Verifier& verifier, const TrustedParts& parts,
                              ByteView report) {
  ReportFile file{report, parts.endorsement, std::nullopt, std::nullopt};
  if (!parts.crl.empty()) file.crl = parts.crl;
  return verifier.verify_report(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FixedClock clock(fuzz::kSeedTime);
  const auto parts = TrustedParts::read({data, size});
  if (!parts || parts->report.size() < kSignedSize) return 0;
  auto policy = fuzz::policy_for(*parts);
  if (!policy) {
    must(policy.error().reason() == Reason::invalid_policy);
    return 0;
  }
  const Verifier verifier(*std::move(policy), clock);
  const auto first = judge(verifier, *parts, parts->report);
  must(first.accepted.has_value() == first.verdict.accepted);
  must(first.verdict.accepted != first.verdict.reason.has_value());
  must(!first.verdict.text().empty() && !first.verdict.json().empty());
  if (!first.verdict.accepted) return 0;
  must(first.verdict.authentic && first.verdict.simulated);
  must(judge(verifier, *parts, parts->report).verdict.accepted);
  Bytes changed(parts->report.begin(), parts->report.end());
  changed.at((std::size_t{parts->report[kSignedSize]} * 256 + size) % kSignedSize) ^= 1U;
  must(!judge(verifier, *parts, changed).verdict.accepted);
  return 0;
}
