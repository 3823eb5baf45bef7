/// Two simulated guests and verifiers that accept them: what every attested row starts from.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include <ratls/certgen/identity.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/core/clock.h>
#include <ratls/verify/verifier.h>

#include "cpu_time.h"

namespace ratls::bench {

/// A simulated secure processor that knows how much CPU time its signatures took: on hardware that
/// is another processor's time. While its gate is shut, a report takes for ever: then sessions
/// gather behind it, as they do behind the 8 ms of the real one.
class Firmware final : public ReportSource {
 public:
  explicit Firmware(std::unique_ptr<sim::Processor> inner) : inner_(std::move(inner)) {}
  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return inner_->name(); }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return inner_->pace(); }
  void shut();
  void open();
  [[nodiscard]] Nanoseconds spent() const noexcept { return Nanoseconds(spent_.load()); }
  [[nodiscard]] const Bytes& endorsement() const noexcept { return inner_->endorsement(); }

 private:
  std::unique_ptr<sim::Processor> inner_;
  std::atomic<std::int64_t> spent_{0};
  std::mutex mutex_;  // of the gate
  std::condition_variable changed_;
  bool shut_ = false;
};

/// Made once a process. Its RSA keys take seconds, so they stay in a folder: that of the last
/// command-line argument --world=DIR, or one below the system's temporary folder.
class World {
 public:
  /// Takes --world=DIR out of the arguments. Call it before get().
  static void choose_folder(int& count, char** arguments);
  static World& get();

  /// Another report source of the first guest, as slow as `throttle` says.
  static std::unique_ptr<Firmware> new_guest(const sim::ThrottleOptions& throttle);
  /// A verifier with empty caches, whose policy accepts both guests.
  [[nodiscard]] std::shared_ptr<const Verifier> new_verifier() const;
  [[nodiscard]] Firmware& client_firmware() const { return *client_; }
  [[nodiscard]] Firmware& server_firmware() const { return *server_; }
  /// A broker that is known by its key.
  [[nodiscard]] const std::shared_ptr<const CertificateIdentity>& broker() const { return broker_; }
  /// Another, whose certificate carries `extension_size` bytes that mean nothing.
  [[nodiscard]] static std::shared_ptr<const CertificateIdentity> identity(
      std::size_t extension_size);
  /// One of this key (PEM) and certificate (DER).
  [[nodiscard]] static std::shared_ptr<const CertificateIdentity> identity(const SecretBytes& key,
                                                                           ByteView certificate);
  /// SubjectPublicKeyInfo of the key that signed the guests' VCEKs.
  [[nodiscard]] const Bytes& ask_spki() const { return ask_spki_; }

 private:
  World();
  std::unique_ptr<Firmware> guest(sim::Authority& authority, std::string_view chip);

  sim::SystemSleeper sleeper_;
  SystemClock clock_;
  std::unique_ptr<Firmware> client_;
  std::unique_ptr<Firmware> server_;
  std::optional<Policy> policy_;
  std::shared_ptr<const CertificateIdentity> broker_;
  Bytes ask_spki_;
};

}  // namespace ratls::bench
