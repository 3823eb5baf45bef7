/// Whom a guest accepts and as whom it speaks, made from its configuration.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include <ratls/certgen/attester.h>
#include <ratls/config.h>
#include <ratls/core/clock.h>
#include <ratls/services/agent/guest_config.h>

namespace ratls::agent {

/// Must outlive the configurations that it makes. Threads: one.
class Parties {
 public:
  /// `folder`: what the names of files in guest.json are relative to. `source` is borrowed.
  Parties(std::string folder, ReportSource& source) : folder_(std::move(folder)), source_(source) {}

  /// Begins to make evidence, signed by the key in `instance` too where that is not empty. A
  /// process that forks does so before. Call it once, before client(). Errors: those of
  /// CertificateIdentity::load() and Attester::start().
  Result<void> start(const std::string& instance);
  /// The attested side of a channel to whom `accept` names; without `show_evidence` anonymous.
  /// Errors: invalid_config, invalid_policy, io_error.
  Result<ClientConfig> client(const AcceptSpec& accept, bool show_evidence);

  /// From now on policies are read from their files again; what was made before keeps its own.
  void read_anew() { verifiers_.clear(); }
  /// The host's, which never goes back here.
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

 private:
  Result<AcceptServer> accept(const AcceptSpec& spec);
  Result<std::shared_ptr<const Verifier>> verifier(const std::string& policy);
  [[nodiscard]] std::string beside(const std::string& name) const;

  std::string folder_;
  ReportSource& source_;
  SystemClock host_clock_;
  HighWaterClock clock_{host_clock_};
  std::shared_ptr<Attester> attester_;
  std::map<std::string, std::shared_ptr<const Verifier>> verifiers_;
};

}  // namespace ratls::agent
