#include "tests/verify/stored.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace ratls::test {

namespace {

constexpr std::int64_t kHour = 3600;

sim::Tcb tcb(sim::Product product, std::uint8_t microcode) {
  auto out = sim::recent_firmware(product).reported;
  out.microcode = microcode;
  return out;
}

CollateralStoreOptions reporting(CollateralStoreOptions options,
                                 std::vector<CollateralProblem>& problems) {
  options.on_problem = [&problems](const CollateralProblem& found) { problems.push_back(found); };
  return options;
}

}  // namespace

RootOfTrust simulated_roots(std::initializer_list<sim::Product> products) {
  std::vector<SimulatorRoot> out;
  for (const sim::Product product : products) {
    const auto keys = authority().roots(product).value();
    out.push_back({snp::line_of(product_of(product)), keys.ark, keys.ask, keys.asvk});
  }
  return RootOfTrust::amd_and_simulators(out).value();
}

Bytes vcek(const std::string& chip, std::uint8_t microcode, sim::Product product,
           Timestamp begins) {
  sim::VcekOptions options;
  options.product = product;
  options.chip_id = authority().chip_id(product, chip);
  options.tcb = tcb(product, microcode);
  options.not_before = begins;
  return authority().vcek(options).value().certificate;
}

EndorsementQuery vcek_query(const std::string& chip, std::uint8_t microcode, sim::Product product) {
  EndorsementQuery out;
  out.line = snp::line_of(product_of(product));
  out.chip_id = *snp::ChipId::from(authority().chip_id(product, chip).view());
  out.reported_tcb = tcb_of(product, tcb(product, microcode));
  return out;
}

Bytes vlek(const std::string& csp_id, Timestamp begins) {
  const auto product = sim::Product::milan;
  return authority().vlek({product, csp_id, tcb(product, 222), begins}).value().certificate;
}

EndorsementQuery vlek_query() {
  EndorsementQuery out = vcek_query("any");
  out.kind = snp::SigningKeyKind::vlek;
  out.chip_id = {};
  return out;
}

Bytes crl(std::uint64_t number, std::optional<Timestamp> this_update, sim::Product product) {
  sim::CrlOptions options;
  options.number = number;
  options.this_update = this_update.value_or(
      Timestamp{kNow.unix_seconds + static_cast<std::int64_t>(number) * kHour});
  options.next_update = {options.this_update.unix_seconds + 1000 * kHour};
  return authority().crl(product, options).value();
}

Stored::Stored(CollateralStoreOptions options)
    : store(folder, simulated_roots(), reporting(std::move(options), problems)) {}

std::string Stored::only_file(const std::string& name) const {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/" + name)) {
    out.push_back(entry.path().string());
  }
  if (out.size() != 1) {
    std::cerr << out.size() << " files in " << name << '\n';
    std::abort();
  }
  return out.front();
}

std::string said(const Result<PutResult>& put) {
  if (!put) return std::string(code(put.error().reason()));
  if (put->outcome == PutOutcome::stored) return "stored";
  return put->outcome == PutOutcome::already_there ? "already_there" : "kept_newer";
}

}  // namespace ratls::test
