/// Reports and certificates made to measure, under the tests' simulated authority.
#pragma once

#include <functional>

#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/report.h>
#include <ratls/verify/verifier.h>

#include "tests/support/sim_folder.h"

namespace ratls::test {

/// The moment that the fixtures live in: 2026-11-23T00:00:00Z.
inline constexpr Timestamp kNow{1'795'392'000};

struct SimulatedOptions {
  sim::Product product = sim::Product::milan;
  bool vlek = false;
  ReportData report_data;
  /// Changes the report before it is signed.
  std::function<void(sim::ReportOptions&)> report = [](auto&) {};
  /// Changes the certificate before it is signed.
  std::function<void(sim::EndorsementShape&)> certificate = [](auto&) {};
  /// The certificate is for this TCB instead of the reported one.
  std::optional<sim::Tcb> endorsed_tcb = std::nullopt;
};

/// A report, its certificate and the roots above.
class Simulated {
 public:
  explicit Simulated(const SimulatedOptions& options = {});

  Bytes report;
  Bytes endorsement;
  SimulatorRoot root;

  [[nodiscard]] ReportFile file() const;
  [[nodiscard]] RootOfTrust roots() const;
  /// Accepts the default guest on this product, VCEK and VLEK, any chip, missing lists.
  [[nodiscard]] PolicyBuilder policy() const;
  /// Authenticity under the simulator's roots at kNow.
  [[nodiscard]] Verdict authenticity() const;
  /// The reason of authenticity(); "accepted" where there is none.
  [[nodiscard]] std::string refusal() const;

 private:
  sim::Product product_;
};

snp::Product product_of(sim::Product product);
snp::Tcb tcb_of(sim::Product product, const sim::Tcb& tcb);

/// One authority for all tests of a program.
sim::Authority& authority();

}  // namespace ratls::test
