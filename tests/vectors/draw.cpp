// Draws the keys and signatures of the test vectors anew, and writes every file of docs/vectors.
//
//   draw_vectors PROJECT SIMULATOR     draws recorded.json by the simulator in that folder
//   draw_vectors PROJECT               keeps recorded.json and writes docs/vectors from it
#include <iostream>

#include <ratls/certgen/leaf.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/core/signing_key.h>

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
  for (const Case& about : cases()) {
    RATLS_CHECK(draw_report(authority, about, about.role == Role::client ? client : server, out));
  }
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
