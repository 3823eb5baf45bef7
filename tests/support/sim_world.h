/// A simulated guest, and a verifier that accepts it: what tests of channels start from.
#pragma once

#include <memory>

#include <ratls/certgen/attester.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/policy_text.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/core/clock.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/verifier.h>

#include "report_sources.h"

namespace ratls::test {

/// Everything hangs on the authority in sim_folder(), so a test that uses it says
/// ratls_needs_simulator(TEST). Functions abort with a message where the world is broken; a test
/// that wants an error uses the authority directly.
/// Time stands still at now(); endorsements are valid from 2026-01-01.
class SimWorld {
 public:
  explicit SimWorld(sim::Product product = sim::Product::milan);

  [[nodiscard]] static Timestamp now();
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] sim::Authority& authority() noexcept { return authority_; }

  /// The guest that policy() accepts. Change a field to get one that it refuses.
  [[nodiscard]] sim::ProcessorOptions guest() const;
  /// Its machine. The throttle, if any, costs no real time.
  [[nodiscard]] std::unique_ptr<sim::Processor> processor(sim::ProcessorOptions options);
  [[nodiscard]] std::unique_ptr<sim::Processor> processor() { return processor(guest()); }

  /// A policy for guest(), through the same file that `ratls sim policy` writes.
  [[nodiscard]] Policy policy();
  [[nodiscard]] Policy policy(const sim::PolicyOptions& options);
  [[nodiscard]] sim::PolicyOptions policy_options() const;
  /// A verifier with policy() at now().
  [[nodiscard]] Verifier verifier() { return Verifier(policy(), clock_); }

 private:
  sim::Product product_;
  sim::Authority authority_;
  FixedClock clock_;
  FakeSleeper sleeper_;
};

/// A running Attester on a machine of its own, for AttestedIdentity. The machine lives as long as
/// the attester.
std::shared_ptr<Attester> start_attester(std::unique_ptr<ReportSource> source);

}  // namespace ratls::test
