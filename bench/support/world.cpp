#include "world.h"

#include <filesystem>

#include "must.h"

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

std::shared_ptr<const CertificateIdentity> make_broker() {
  const std::string file = folder() + "/broker-" + std::to_string(process_cpu().count()) + ".pem";
  auto out = std::make_shared<const CertificateIdentity>(must(CertificateIdentity::create(file)));
  std::filesystem::remove(file);
  return out;
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
  broker_ = make_broker();
}

std::unique_ptr<Firmware> World::guest(sim::Authority& authority, std::string_view chip) {
  auto options = sim::processor_of(authority, sim::Product::milan, chip);
  return std::make_unique<Firmware>(
      must(sim::Processor::make(authority, std::move(options), kEndorsedFrom, sleeper_)));
}

std::shared_ptr<const Verifier> World::new_verifier() const {
  return std::make_shared<const Verifier>(*policy_, clock_);
}

}  // namespace ratls::bench
