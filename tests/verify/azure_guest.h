/// Evidence of a simulated Azure guest in a session, with every part open to change.
#pragma once

#include <functional>

#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/core/merkle.h>
#include <ratls/core/signing_key.h>
#include <ratls/verify/verifier.h>

#include "tests/support/sim_world.h"

namespace ratls::test {

/// What a test changes, each at its moment.
struct AzureChanges {
  std::uint32_t vmpl = 0;
  std::function<void(std::string&)> runtime = [](auto&) {};     ///< before it is vouched for
  std::function<void(ReportData&)> report_data = [](auto&) {};  ///< before AMD's key signs
  std::function<void(Bytes&)> hcl = [](auto&) {};               ///< the whole frame
  std::function<void(Bytes&)> attest = [](auto&) {};            ///< before the AK signs
  std::function<void(AzureEvidence&)> sent = [](auto&) {};      ///< as it travels
};

/// One vTPM for all tests of a program: a key takes a moment.
sim::Vtpm& shared_vtpm();

class AzureScene {
 public:
  explicit AzureScene(const AzureChanges& changes = {});

  [[nodiscard]] Bytes evidence() const;
  [[nodiscard]] static SessionView view();
  /// Accepts the guest with PCRs 4 and 7 as they are; `edit` changes the file before it is read.
  [[nodiscard]] Policy policy(const std::function<void(std::string&)>& edit = [](auto&) {});
  [[nodiscard]] Verdict verdict() { return verdict(policy()); }
  [[nodiscard]] Verdict verdict(const Policy& policy);

  EvidenceEnvelope envelope;

 private:
  SimWorld world_;
};

/// `"tpm_pcrs"` with its value, of these PCRs as the shared vTPM has them.
std::string tpm_pcrs_text(const std::vector<std::uint32_t>& indices);

/// A policy of `ratls sim policy` with another member in its one guest.
std::string with_member(std::string policy, const std::string& member);

}  // namespace ratls::test
