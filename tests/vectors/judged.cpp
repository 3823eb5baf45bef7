#include "judged.h"

#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/core/x509.h>
#include <ratls/verify/evidence_leaf.h>
#include <ratls/verify/verifier.h>

namespace ratls::vectors {
namespace {

// A fresh simulated machine's PCRs.
std::map<std::uint32_t, std::vector<Sha256Digest>> golden_pcrs() {
  const PcrValues fresh = sim::fresh_pcrs();
  return {{4, {fresh.at(4)}}, {7, {fresh.at(7)}}};
}

Policy policy_of(const Recording& recorded, bool azure) {
  const auto measurement = crypto::sha384({as_bytes("ratls simulated guest")});
  const auto golden = *snp::Measurement::from(measurement.view());
  auto draft = Policy::allow_only("vectors", Covers::image, {golden})
                   .tcb_floor(snp::Product::milan, snp::Tcb{std::nullopt, 0, 0, 0, 0})
                   .any_chip()
                   .any_platform()
                   .revocation(Revocation::accept_missing())
                   .dangerously_accept_milan()
                   .vlek_of({"CN=simulator.invalid"})
                   .dangerously_trust_simulator(
                       {snp::ProductLine::milan, recorded.ark, recorded.ask, recorded.asvk});
  if (!azure) return std::move(draft).build().value();
  return std::move(draft).tpm_pcrs(golden_pcrs()).build().value();
}

struct Shown {
  Bytes spki;
  Bytes evidence;
};

Result<Shown> read(const Judged& shown) {
  if (!shown.certificate) return Shown{shown.peer_spki, shown.evidence};
  RATLS_TRY(const auto leaf, Certificate::parse(*shown.certificate, Reason::malformed_certificate));
  RATLS_TRY(auto read, read_evidence_leaf(leaf));
  return Shown{std::move(read.spki), std::move(read.evidence)};
}

}  // namespace

Judged good_one(const Case& about, const Recording& recorded) {
  Judged out;
  out.name = about.name;
  out.evidence = envelope_of(about, recorded).encode().value();
  if (about.has_leaf()) out.certificate = recorded.leaves.at(about.name);
  out.secrets = secrets_of(about, about.place);
  const ByteView spki = spki_of(about, recorded);
  out.peer_spki = {spki.begin(), spki.end()};
  out.role = about.role;
  out.minimum = about.level;
  out.azure = about.azure;
  return out;
}

std::vector<Judged> good_ones(const Recording& recorded) {
  std::vector<Judged> out;
  for (const Case& about : cases()) out.push_back(good_one(about, recorded));
  return out;
}

std::vector<Judged> bad_ones(const Recording& recorded) {
  std::vector<Judged> out;
  for (const auto make : {bad_envelopes, bad_claims, bad_paths, bad_bindings, bad_reports,
                          bad_certificates, bad_azure}) {
    for (Judged& each : make(recorded)) out.push_back(std::move(each));
  }
  return out;
}

std::string judge(const Judged& shown, const Recording& recorded) {
  const auto parts = read(shown);
  if (!parts) return std::string(code(parts.error().reason()));
  SessionView view;
  view.peer_spki = parts->spki;
  view.role = shown.role;
  view.minimum = shown.minimum;
  // The binder for the level that this side demands; at `key` there is none.
  const auto binder = binder_of(shown.secrets, shown.role, shown.minimum, parts->spki);
  if (binder) view.binder = *binder;
  const FixedClock clock(Timestamp{shown.now});
  const Verifier verifier(policy_of(recorded, shown.azure), clock);
  const auto outcome = verifier.verify(parts->evidence, view);
  if (outcome.accepted) return "accepted";
  return std::string(code(outcome.verdict.reason.value_or(Reason::internal)));
}

}  // namespace ratls::vectors
