#include "world.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <ratls/core/base64.h>

#include "must.h"
#include "plain_tls.h"

namespace ratls::bench {

namespace {

constexpr std::string_view kOption = "--world=";
constexpr Timestamp kEndorsedFrom{1'767'225'600};  // 2026-01-01T00:00:00Z

std::string& folder() {
  static std::string chosen = std::filesystem::temp_directory_path() / "ratls-bench-simulator";
  return chosen;
}

Policy policy_for(const sim::Roots& roots) {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  return must(
      Policy::allow_only("bench", Covers::image, {golden})
          .tcb_floor(snp::Product::milan, snp::Tcb{std::nullopt, 0, 0, 0, 0})
          .any_chip()
          .any_platform()
          .revocation(Revocation::accept_missing())
          .dangerously_accept_milan()
          .named("bench", 1)
          .dangerously_trust_simulator({snp::ProductLine::milan, roots.ark, roots.ask, roots.asvk})
          .build());
}

std::string pem_of(ByteView certificate) {
  return "-----BEGIN CERTIFICATE-----\n" + to_base64(certificate) + "\n-----END CERTIFICATE-----\n";
}

}  // namespace

Result<AttestationReport> Firmware::get(const ReportData& data) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !shut_; });
  }
  const Nanoseconds before = thread_cpu();
  auto report = inner_->get(data);
  spent_ += (thread_cpu() - before).count();
  return report;
}

void Firmware::shut() {
  const std::lock_guard lock(mutex_);
  shut_ = true;
}

void Firmware::open() {
  const std::lock_guard lock(mutex_);
  shut_ = false;
  changed_.notify_all();
}

void World::choose_folder(int& count, char** arguments) {
  if (count < 2) return;
  const std::string_view last(arguments[count - 1]);
  if (!last.starts_with(kOption)) return;
  folder() = last.substr(kOption.size());
  --count;
}

World& World::get() {
  static World world;
  return world;
}

World::World() {
  auto authority = must(sim::Authority::open(folder()));
  client_ = guest(authority, "chip-0");
  server_ = guest(authority, "chip-1");
  const sim::Roots roots = must(authority.roots(sim::Product::milan));
  ask_spki_ = roots.ask;
  policy_.emplace(policy_for(roots));
  broker_ = identity(0);
}

std::unique_ptr<Firmware> World::guest(sim::Authority& authority, std::string_view chip) {
  auto options = sim::processor_of(authority, sim::Product::milan, chip);
  return std::make_unique<Firmware>(
      must(sim::Processor::make(authority, std::move(options), kEndorsedFrom, sleeper_)));
}

std::unique_ptr<Firmware> World::new_guest(const sim::ThrottleOptions& throttle) {
  static sim::SystemSleeper sleeper;
  static sim::Authority authority = must(sim::Authority::open(folder()));
  auto options = sim::processor_of(authority, sim::Product::milan, "chip-0");
  options.throttle = throttle;
  return std::make_unique<Firmware>(
      must(sim::Processor::make(authority, std::move(options), kEndorsedFrom, sleeper)));
}

std::shared_ptr<const CertificateIdentity> World::identity(std::size_t extension_size) {
  const auto pem = must(SigningKey::generate_pem());
  const auto key = must(SigningKey::import_pem(pem));
  return identity(pem, make_certificate(key, extension_size));
}

// A file, because that is how a CertificateIdentity comes into being.
std::shared_ptr<const CertificateIdentity> World::identity(const SecretBytes& key,
                                                           ByteView certificate) {
  const std::string path = folder() + "/identity-" + std::to_string(getpid()) + ".pem";
  key.expose([&](ByteView text) {
    std::ofstream(path) << to_string(text) << pem_of(certificate);
    return 0;
  });
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  auto out = std::make_shared<const CertificateIdentity>(must(CertificateIdentity::load(path)));
  std::filesystem::remove(path);
  return out;
}

std::shared_ptr<const Verifier> World::new_verifier() const {
  return std::make_shared<const Verifier>(*policy_, clock_);
}

}  // namespace ratls::bench
