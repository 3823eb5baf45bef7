/// A simulated guest, a broker that knows it, and a memory link between them.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/config.h>
#include <ratls/session.h>

#include "../support/files.h"

namespace ratls::test {

/// The simulated firmware behind a gate: while it is shut, a report takes for ever.
class GatedSource final : public ReportSource {
 public:
  explicit GatedSource(ReportSource& inner) : inner_(inner) {}
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return inner_.name(); }
  [[nodiscard]] bool simulated() const noexcept override { return inner_.simulated(); }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return inner_.pace(); }
  void shut();
  void open();

 private:
  ReportSource& inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool shut_ = false;
};

struct WorldOptions {
  /// Changes what the simulated firmware says.
  std::function<void(sim::ProcessorOptions&)> guest = [](sim::ProcessorOptions&) {};
  std::chrono::milliseconds evidence_deadline{15000};
};

/// Everything a handshake needs. The policy accepts the guest of default options only.
class AttestedWorld {
 public:
  explicit AttestedWorld(const WorldOptions& options = {});

  [[nodiscard]] ClientConfig guest_config() const;   ///< attested, pins the broker's key
  [[nodiscard]] ServerConfig broker_config() const;  ///< certificate, accepts evidence

  /// Accepts the guest with this measurement.
  [[nodiscard]] Policy policy(
      const sim::Digest48& measurement = sim::GuestLaunch::default_measurement());
  [[nodiscard]] sim::Processor& processor() { return *processor_; }
  [[nodiscard]] GatedSource& gate() { return *gate_; }
  [[nodiscard]] const AttestedIdentity& guest() const { return *guest_; }
  [[nodiscard]] const std::shared_ptr<const Verifier>& verifier() const { return verifier_; }
  [[nodiscard]] const std::shared_ptr<const CertificateIdentity>& broker() const { return broker_; }
  /// Another pinned identity, of nobody in particular.
  [[nodiscard]] std::shared_ptr<const CertificateIdentity> visitor() const;

 private:
  TemporaryFolder folder_;
  sim::Authority authority_;
  sim::SystemSleeper sleeper_;
  SystemClock clock_;
  std::unique_ptr<sim::Processor> processor_;
  std::unique_ptr<GatedSource> gate_;
  std::optional<AttestedIdentity> guest_;
  std::shared_ptr<const CertificateIdentity> broker_;
  mutable std::shared_ptr<const CertificateIdentity> visitor_;
  std::shared_ptr<const Verifier> verifier_;
};

/// Moves everything that `from` has to say to `to`; says whether that was anything.
bool pump(Session& from, Session& to);

/// Runs both until nothing moves any more; waits for evidence at most two seconds.
void run(Session& client, Session& server);

/// A client and a server session that have run as far as they can.
struct SessionPair {
  SessionPair(const ClientConfig& client_config, const ServerConfig& server_config);
  Session client;
  Session server;
};

/// Reads what has arrived, pumping from `peer`; the error where there is one.
Result<std::string> read_text(Session& session, Session& peer);

}  // namespace ratls::test
