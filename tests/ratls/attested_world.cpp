#include "attested_world.h"

#include <array>

#include "../support/sim_folder.h"

namespace ratls::test {

namespace {

snp::Tcb floor_of(const sim::Tcb& tcb) {
  return snp::Tcb{std::nullopt, tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode};
}

constexpr Timestamp kEndorsedFrom{1'767'225'600};  // 2026-01-01T00:00:00Z

}  // namespace

Result<AttestationReport> GatedSource::get(const ReportData& data) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !shut_; });
  return inner_.get(data);
}

void GatedSource::shut() {
  const std::lock_guard lock(mutex_);
  shut_ = true;
}

void GatedSource::open() {
  const std::lock_guard lock(mutex_);
  shut_ = false;
  changed_.notify_all();
}

AttestedWorld::AttestedWorld(const WorldOptions& options) : authority_(open_authority()) {
  auto guest = sim::processor_of(authority_, sim::Product::milan);
  options.guest(guest);
  processor_ = sim::Processor::make(authority_, std::move(guest), kEndorsedFrom, sleeper_).value();
  gate_ = std::make_unique<GatedSource>(*processor_);
  auto attester = std::make_shared<Attester>(*gate_, options.evidence_deadline);
  if (!attester->start()) std::abort();
  guest_.emplace(std::move(attester));
  broker_ = std::make_shared<const CertificateIdentity>(
      CertificateIdentity::create(folder_.file("broker.pem")).value());
  verifier_ = std::make_shared<const Verifier>(policy(), clock_);
}

Policy AttestedWorld::policy(const sim::Digest48& measurement) {
  const auto roots = authority_.roots(sim::Product::milan).value();
  const auto golden = *snp::Measurement::from(measurement.view());
  const auto floor = floor_of(sim::recent_firmware(sim::Product::milan).reported);
  return Policy::allow_only("agent", Covers::image, {golden})
      .tcb_floor(snp::Product::milan, floor)
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .dangerously_accept_milan()
      .named("test", 1)
      .dangerously_trust_simulator({snp::ProductLine::milan, roots.ark, roots.ask, roots.asvk})
      .build()
      .value();
}

std::shared_ptr<const CertificateIdentity> AttestedWorld::visitor() const {
  if (visitor_ == nullptr) {
    visitor_ = std::make_shared<const CertificateIdentity>(
        CertificateIdentity::create(folder_.file("visitor.pem")).value());
  }
  return visitor_;
}

ClientConfig AttestedWorld::guest_config() const {
  return ClientConfig(*guest_, AcceptKey{broker_->spki_sha256()});
}

ServerConfig AttestedWorld::broker_config() const {
  return ServerConfig(broker_, AcceptEvidence{verifier_});
}

bool pump(Session& from, Session& to) {
  const std::size_t count = to.feed(from.output());
  from.sent(count);
  return count != 0;
}

void run(Session& client, Session& server) {
  for (bool moved = true; moved;) {
    for (Session* side : {&client, &server}) {
      side->advance();
      if (!side->making_evidence()) continue;
      if (side->wait_evidence(std::chrono::seconds(2))) side->advance();
    }
    moved = pump(client, server);
    moved = pump(server, client) || moved;
  }
}

SessionPair::SessionPair(const ClientConfig& client_config, const ServerConfig& server_config)
    : client(Session::client(client_config).value()),
      server(Session::server(server_config).value()) {
  run(client, server);
}

Result<std::string> read_text(Session& session, Session& peer) {
  std::string out;
  std::array<std::uint8_t, 1024> buffer{};
  while (true) {
    pump(peer, session);
    RATLS_TRY(const auto got, session.read(buffer));
    if (got.size == 0) return out;
    out += to_string(ByteView(buffer).first(got.size));
  }
}

}  // namespace ratls::test
