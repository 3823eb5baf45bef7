// Draws the keys and signatures of the test vectors anew, and writes every file of docs/vectors.
//
//   draw_vectors PROJECT SIMULATOR     draws recorded.json by the simulator in that folder
//   draw_vectors PROJECT               keeps recorded.json and writes docs/vectors from it
#include <iostream>

#include <ratls/certgen/leaf.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/core/signing_key.h>

#include "judged.h"
#include "tests/support/files.h"
#include "vectors.h"

namespace {

using namespace ratls;
using namespace ratls::vectors;

constexpr auto kMilan = sim::Product::milan;

sim::ReportOptions guest(const Case& about, const sim::ChipId& chip) {
  auto options = sim::report_of(kMilan, chip);
  if (about.vlek) options.signed_by = sim::SignedBy::vlek;
  return options;
}

Result<void> draw_endorsements(sim::Authority& authority, Recording& out) {
  const auto chip = authority.chip_id(kMilan, "vectors");
  const sim::Tcb tcb = sim::recent_firmware(kMilan).reported;
  sim::Tcb older = tcb;
  older.microcode -= 1;
  const Timestamp from{kEndorsedFrom};
  RATLS_TRY(const auto vcek, authority.vcek({kMilan, chip, tcb, from}));
  RATLS_TRY(const auto other_chip,
            authority.vcek({kMilan, authority.chip_id(kMilan, "another"), tcb, from}));
  RATLS_TRY(const auto other_tcb, authority.vcek({kMilan, chip, older, from}));
  RATLS_TRY(const auto vlek, authority.vlek({kMilan, "CN=simulator.invalid", tcb, from}));
  out.endorsements = {{"vcek", vcek.certificate},
                      {"vcek of another chip", other_chip.certificate},
                      {"vcek for another tcb", other_tcb.certificate},
                      {"vlek", vlek.certificate}};
  return {};
}

// The vTPMs' private keys end with this program, too.
struct Tpms {
  std::unique_ptr<sim::Vtpm> own;
  std::unique_ptr<sim::Vtpm> other;
};

/// What is to be wrong with an Azure guest's evidence; nothing: it is good.
struct AzureFault {
  bool upper_half = false;
  std::uint32_t vmpl = 0;
  std::string runtime;  ///< empty: as it should be
  bool other_tpm = false;
};

Result<Bytes> azure_of(sim::Authority& authority, const Case& about, const Tpms& tpms,
                       const AzureFault& fault, const Recording& out) {
  const auto chip = authority.chip_id(kMilan, "vectors");
  auto options = guest(about, chip);
  options.vmpl = fault.vmpl;
  RATLS_TRY(const auto signer, authority.vcek_key(kMilan, chip, options.firmware.reported));
  const std::string runtime =
      fault.runtime.empty() ? sim::runtime_data_json(tpms.own->modulus()) : fault.runtime;
  ReportData vouched = sim::paravisor_report_data(as_bytes(runtime));
  if (fault.upper_half) vouched.mutable_view().back() = 1;
  RATLS_TRY(const Bytes report, sim::make_report(signer, options, vouched));
  const sim::Vtpm& tpm = fault.other_tpm ? *tpms.other : *tpms.own;
  AzureEvidence sent;
  sent.hcl_report = sim::encode_hcl_report(report, as_bytes(runtime));
  sent.quote = tpm.attest(qualifying_data_for(report_data_of(about, out)).view());
  RATLS_TRY(sent.signature, tpm.sign(sent.quote));
  sent.pcr_values = tpm.pcr_values();
  return sent.encode();
}

// In the order of recorded_bad_azure().
std::vector<AzureFault> azure_faults(const Tpms& tpms) {
  const std::string good = sim::runtime_data_json(tpms.own->modulus());
  const std::string head = R"({"keys":[)";
  const std::string keys = good.substr(head.size(), good.find(']') - head.size());
  std::vector<AzureFault> all(5);
  all[0].upper_half = true;
  all[1].vmpl = 1;
  all[2].runtime = head + keys + "," + good.substr(head.size());
  all[3].runtime = R"({"user-data":"",)" + good.substr(1);
  all[4].other_tpm = true;
  return all;
}

Result<void> draw_azure(sim::Authority& authority, const Case& about, const Tpms& tpms,
                        const SigningKey& key, Recording& out) {
  RATLS_TRY(out.azure[about.name], azure_of(authority, about, tpms, {}, out));
  RATLS_TRY(const Bytes evidence, envelope_of(about, out).encode());
  RATLS_TRY(out.leaves[about.name], make_leaf(key, ByteView(evidence)));
  return {};
}

Result<void> draw_bad_azure(sim::Authority& authority, const Tpms& tpms, Recording& out) {
  const auto faults = azure_faults(tpms);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    RATLS_TRY(out.azure[recorded_bad_azure().at(i)],
              azure_of(authority, case_of("Azure client"), tpms, faults[i], out));
  }
  return {};
}

Result<void> draw_report(sim::Authority& authority, const Case& about, const SigningKey& key,
                         Recording& out) {
  const auto chip = authority.chip_id(kMilan, "vectors");
  const auto options = guest(about, chip);
  const auto& tcb = options.firmware.reported;
  RATLS_TRY(const auto signer, about.vlek ? authority.vlek_key(kMilan, "CN=simulator.invalid", tcb)
                                          : authority.vcek_key(kMilan, chip, tcb));
  RATLS_TRY(out.reports[about.name], sim::make_report(signer, options, report_data_of(about, out)));
  if (!about.has_leaf()) return {};
  RATLS_TRY(const Bytes evidence, envelope_of(about, out).encode());
  RATLS_TRY(out.leaves[about.name], make_leaf(key, ByteView(evidence)));
  return {};
}

Result<Recording> draw(const std::string& simulator) {
  RATLS_TRY(auto authority, sim::Authority::open(simulator));
  RATLS_TRY(const auto roots, authority.roots(kMilan));
  RATLS_TRY(const SigningKey client, SigningKey::generate());
  RATLS_TRY(const SigningKey server, SigningKey::generate());
  Recording out;
  out.ark = roots.ark;
  out.ask = roots.ask;
  out.asvk = roots.asvk;
  const auto chip = authority.chip_id(kMilan, "vectors");
  out.chip_id = {chip.view().begin(), chip.view().end()};
  out.client_spki = {client.spki().begin(), client.spki().end()};
  out.server_spki = {server.spki().begin(), server.spki().end()};
  RATLS_CHECK(draw_endorsements(authority, out));
  sim::CrlOptions list;
  list.this_update = Timestamp{kNow - 86400};
  list.next_update = Timestamp{kNow + 86400};
  RATLS_TRY(out.crl, authority.crl(kMilan, list));
  Tpms tpms;
  RATLS_TRY(tpms.own, sim::Vtpm::make());
  RATLS_TRY(tpms.other, sim::Vtpm::make());
  for (const Case& about : cases()) {
    const SigningKey& key = about.role == Role::client ? client : server;
    RATLS_CHECK(about.azure ? draw_azure(authority, about, tpms, key, out)
                            : draw_report(authority, about, key, out));
  }
  RATLS_CHECK(draw_bad_azure(authority, tpms, out));
  return out;
}

int complain(const Error& error) {
  std::cerr << "draw_vectors: " << error.message() << '\n';
  return 65;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() < 2 || arguments.size() > 3) {
    std::cerr << "usage: draw_vectors PROJECT [SIMULATOR]\n";
    return 64;
  }
  const std::string recorded_file = arguments[1] + "/tests/vectors/recorded.json";
  if (arguments.size() == 3) {
    const auto drawn = draw(arguments[2]);
    if (!drawn) return complain(drawn.error());
    test::write_file(recorded_file, as_bytes(drawn->to_json()));
  }
  const auto text = test::read_file(recorded_file);
  const auto recorded = Recording::from_json(text ? to_string(*text) : "");
  if (!recorded) return complain(recorded.error());
  for (const auto& [name, content] : all_files(*recorded)) {
    test::write_file(arguments[1] + "/docs/vectors/" + name, as_bytes(content));
  }
  return 0;
}
