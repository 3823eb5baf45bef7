#include "tests/verify/simulated.h"

namespace ratls::test {

namespace {

constexpr Timestamp kEndorsedFrom{1'780'272'000};  // 2026-06-01T00:00:00Z

sim::EndorsementShape shape_of(const SimulatedOptions& options, const sim::ReportOptions& report,
                               const sim::Tcb& tcb, const sim::AttestationKey& key) {
  if (options.vlek) {
    return sim::vlek_shape({options.product, "CN=simulator.invalid", tcb, kEndorsedFrom},
                           key.spki());
  }
  return sim::vcek_shape({options.product, report.chip_id, tcb, kEndorsedFrom}, key.spki());
}

sim::AttestationKey key_of(const SimulatedOptions& options, const sim::ChipId& chip,
                           const sim::Tcb& tcb) {
  if (options.vlek) {
    return authority().vlek_key(options.product, "CN=simulator.invalid", tcb).value();
  }
  return authority().vcek_key(options.product, chip, tcb).value();
}

}  // namespace

sim::Authority& authority() {
  static sim::Authority shared = open_authority();
  return shared;
}

snp::Product product_of(sim::Product product) {
  return snp::parse_product(sim::name(product)).value();
}

snp::Tcb tcb_of(sim::Product product, const sim::Tcb& tcb) {
  snp::Tcb out{std::nullopt, tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode};
  if (product == sim::Product::turin) out.fmc = tcb.fmc;
  return out;
}

Simulated::Simulated(const SimulatedOptions& options) : product_(options.product) {
  const auto keys = authority().roots(options.product).value();
  root = {snp::line_of(product_of(options.product)), keys.ark, keys.ask, keys.asvk};
  const auto chip = authority().chip_id(options.product, "a chip");
  auto shown = sim::report_of(options.product, chip);
  shown.signed_by = options.vlek ? sim::SignedBy::vlek : sim::SignedBy::vcek;
  options.report(shown);
  const auto tcb = options.endorsed_tcb.value_or(shown.firmware.reported);
  const auto key = key_of(options, chip, tcb);
  report = sim::make_report(key, shown, options.report_data).value();
  auto with_chip = shown;
  with_chip.chip_id = chip;
  auto shape = shape_of(options, with_chip, tcb, key);
  options.certificate(shape);
  const auto issuer = options.vlek ? sim::Ca::asvk : sim::Ca::ask;
  endorsement = authority().issue(options.product, issuer, shape).value();
}

ReportFile Simulated::file() const {
  ReportFile out;
  out.report = report;
  out.endorsement = ByteView(endorsement);
  return out;
}

RootOfTrust Simulated::roots() const {
  return RootOfTrust::amd_and_simulators({root}).value();
}

PolicyBuilder Simulated::policy() const {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  auto builder = Policy::allow_only("simulated", Covers::image, {golden})
                     .tcb_floor(product_of(product_),
                                tcb_of(product_, sim::recent_firmware(product_).reported))
                     .any_chip()
                     .any_platform()
                     .revocation(Revocation::accept_missing());
  if (product_ == sim::Product::milan) std::move(builder).dangerously_accept_milan();
  return std::move(builder).vlek_of({"CN=simulator.invalid"}).dangerously_trust_simulator(root);
}

Verdict Simulated::authenticity() const {
  const FixedClock clock(kNow);
  return authenticate_report(file(), roots(), clock).verdict;
}

std::string Simulated::refusal() const {
  const Verdict verdict = authenticity();
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

}  // namespace ratls::test
