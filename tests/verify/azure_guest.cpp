#include "tests/verify/azure_guest.h"

#include <ratls/verify/policy_json.h>

namespace ratls::test {

namespace {

const Bytes& spki() {
  static const Bytes shared(91, 0x5a);
  return shared;
}

Bytes claims() {
  Claims out;
  out.role = Role::client;
  out.level = Level::exporter;
  out.pubkey_hash = hash_spki(spki());
  out.binder = Binder(std::array<std::uint8_t, 48>{1, 2, 3});
  return out.encode().value();
}

}  // namespace

sim::Vtpm& shared_vtpm() {
  static const auto vtpm = sim::Vtpm::make().value();
  return *vtpm;
}

AzureScene::AzureScene(const AzureChanges& changes) {
  sim::Vtpm& vtpm = shared_vtpm();
  std::string runtime = sim::runtime_data_json(vtpm.modulus());
  changes.runtime(runtime);
  ReportData vouched = sim::paravisor_report_data(as_bytes(runtime));
  changes.report_data(vouched);
  auto options = world_.guest();
  options.report.vmpl = changes.vmpl;
  const auto report = world_.processor(options)->get(vouched).value();
  AzureEvidence sent;
  sent.hcl_report = sim::encode_hcl_report(report.report, as_bytes(runtime));
  changes.hcl(sent.hcl_report);
  envelope.claims = claims();
  envelope.endorsement = report.endorsement;
  const auto asked = report_data_for(merkle::leaf(envelope.claims));
  sent.quote = vtpm.attest(qualifying_data_for(asked).view());
  changes.attest(sent.quote);
  sent.signature = vtpm.sign(sent.quote).value();
  sent.pcr_values = vtpm.pcr_values();
  changes.sent(sent);
  envelope.azure = std::move(sent);
}

Bytes AzureScene::evidence() const {
  return envelope.encode().value();
}

SessionView AzureScene::view() {
  SessionView out;
  out.peer_spki = spki();
  out.role = Role::client;
  out.minimum = Level::exporter;
  out.binder = Binder(std::array<std::uint8_t, 48>{1, 2, 3});
  return out;
}

std::string tpm_pcrs_text(const std::vector<std::uint32_t>& indices) {
  std::string out;
  for (const std::uint32_t index : indices) {
    out += (out.empty() ? "\"" : ", \"") + std::to_string(index) + "\": [\"" +
           shared_vtpm().pcrs.at(index).hex() + "\"]";
  }
  return R"("tpm_pcrs": {"sha256": {)" + out + "}}";
}

std::string with_member(std::string policy, const std::string& member) {
  const std::string before = "\"covers\"";
  policy.insert(policy.find(before), member + ", ");
  return policy;
}

Policy AzureScene::policy(const std::function<void(std::string&)>& edit) {
  const std::string plain = sim::policy_json(world_.authority(), world_.policy_options()).value();
  std::string text = with_member(plain, tpm_pcrs_text({4, 7}));
  edit(text);
  return parse_policy(as_bytes(text)).value();
}

Verdict AzureScene::verdict(const Policy& policy) {
  const Verifier verifier(policy, world_.clock());
  return verifier.verify(evidence(), view()).verdict;
}

}  // namespace ratls::test
