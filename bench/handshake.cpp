// What attestation adds to a TLS 1.3 handshake, measured in one run.
//
// Both sides of each handshake run in this thread, over memory; the CPU column is the time of
// client and server together. The simulated firmware signs in the Attester's own thread, so its
// P-384 signature is in the wall-clock column only.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <ratls/certgen/leaf.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/core/der.h>
#include <ratls/core/evidence.h>
#include <ratls/detail/tls_engine.h>
#include <ratls/ratls.h>

namespace {

using namespace ratls;
using detail::Side;
using detail::TlsEngine;

[[noreturn]] void die(const Error& error) {
  std::cerr << "bench: " << error.message() << "\n";
  std::exit(70);
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error());
  return std::move(result).value();
}

void must(const Result<void>& result) {
  if (!result) die(result.error());
}

// A simulated guest and a broker, made once.
class World {
 public:
  static World& get() {
    static World world;
    return world;
  }
  [[nodiscard]] ClientConfig guest() const {
    return ClientConfig(*guest_, AcceptKey{broker_->spki_sha256()});
  }
  [[nodiscard]] ServerConfig broker() const {
    return ServerConfig(broker_, AcceptEvidence{verifier_});
  }
  [[nodiscard]] const CertificateIdentity& identity() const { return *broker_; }
  [[nodiscard]] std::size_t evidence_size() const { return evidence_size_; }

 private:
  World() : folder_(std::filesystem::temp_directory_path() / "ratls-bench-simulator") {
    auto authority = must(sim::Authority::open(folder_));
    processor_ =
        must(sim::Processor::make(authority, sim::processor_of(authority, sim::Product::milan),
                                  Timestamp{1'767'225'600}, sleeper_));
    auto attester = std::make_shared<Attester>(*processor_);
    must(attester->start());
    guest_.emplace(attester);
    const std::string file = folder_ + "/broker.pem";
    std::filesystem::remove(file);
    broker_ = std::make_shared<const CertificateIdentity>(must(CertificateIdentity::create(file)));
    verifier_ = std::make_shared<const Verifier>(policy(authority), clock_);
    auto evidence = guest_->begin(Role::client, Level::exporter, Binder(), SpkiHash());
    evidence_size_ = must(evidence.take()).size();
  }

  static Policy policy(sim::Authority& authority) {
    const auto roots = must(authority.roots(sim::Product::milan));
    const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
    return must(Policy::allow_only("bench", Covers::image, {golden})
                    .tcb_floor(snp::Product::milan, snp::Tcb{std::nullopt, 0, 0, 0, 0})
                    .any_chip()
                    .any_platform()
                    .revocation(Revocation::accept_missing())
                    .dangerously_accept_milan()
                    .named("bench", 1)
                    .dangerously_trust_simulator(
                        {snp::ProductLine::milan, roots.ark, roots.ask, roots.asvk})
                    .build());
  }

  std::string folder_;
  sim::SystemSleeper sleeper_;
  SystemClock clock_;
  std::unique_ptr<sim::Processor> processor_;
  std::optional<AttestedIdentity> guest_;
  std::shared_ptr<const CertificateIdentity> broker_;
  std::shared_ptr<const Verifier> verifier_;
  std::size_t evidence_size_ = 0;
};

// A self-signed leaf with an extension of `size` bytes that means nothing.
Bytes leaf_with_dummy(const SigningKey& key, std::size_t size) {
  const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.4.3.2")});
  const Bytes cn = der::sequence({der::oid("2.5.4.3"), der::utf8_string("dummy")});
  const Bytes name = der::sequence({der::set({cn})});
  const Bytes validity = der::sequence({der::time({0}), der::time({4'000'000'000})});
  const Bytes dummy = der::sequence(
      {der::oid(kEvidenceOid), der::octet_string(der::octet_string(Bytes(size, 0x5a)))});
  const Bytes tbs =
      der::sequence({der::explicit_tag(0, der::integer(2)), der::integer(7), algorithm, name,
                     validity, name, key.spki(), der::explicit_tag(3, der::sequence({dummy}))});
  const Bytes signature = must(key.sign_sha256(tbs));
  return der::sequence({tbs, algorithm, der::bit_string(signature)});
}

struct Identity {
  SigningKey key = must(SigningKey::generate());
  Bytes certificate = must(make_leaf(key, std::nullopt));
};

bool pump(TlsEngine& from, TlsEngine& to) {
  const std::size_t count = to.feed(from.output());
  from.consumed(count);
  return count != 0;
}

std::unique_ptr<TlsEngine> engine(Side side, bool mutual, const Identity* own) {
  detail::TlsOptions options;
  options.side = side;
  options.ask_for_certificate = mutual;
  options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  auto out = must(TlsEngine::create(std::move(options)));
  if (own != nullptr) must(out->set_own_certificate(own->key, own->certificate));
  return out;
}

// Plain TLS on the same library, with the same profile; certificates are ready made.
void plain_handshake(const Identity* client_identity, const Identity& server_identity) {
  const bool mutual = client_identity != nullptr;
  auto client = engine(Side::client, mutual, client_identity);
  auto server = engine(Side::server, mutual, &server_identity);
  bool over = false;
  while (!over) {
    const auto at_client = must(client->handshake());
    pump(*client, *server);
    const auto at_server = must(server->handshake());
    pump(*server, *client);
    over = at_client == TlsEngine::Progress::over && at_server == TlsEngine::Progress::over;
  }
}

void attested_handshake() {
  auto client = must(Session::client(World::get().guest()));
  auto server = must(Session::server(World::get().broker()));
  for (bool moved = true; moved;) {
    client.advance();
    if (!client.wait_evidence(std::chrono::seconds(20))) die(Error(Reason::evidence_timeout));
    client.advance();
    moved = server.feed(client.output()) != 0;
    client.sent(client.output().size());
    server.advance();
    moved = client.feed(server.output()) != 0 || moved;
    server.sent(server.output().size());
  }
  if (!must(client.poll_acceptance())) die(Error(Reason::verdict_missing));
}

void plain_one_way(benchmark::State& state) {
  const Identity server;
  for (auto _ : state) plain_handshake(nullptr, server);
}

void plain_mutual(benchmark::State& state) {
  const Identity server;
  const Identity client;
  for (auto _ : state) plain_handshake(&client, server);
}

// As plain_mutual, but the client's certificate is new each time and as large as evidence makes it.
void mutual_dummy_extension(benchmark::State& state) {
  const Identity server;
  const std::size_t size = World::get().evidence_size();
  for (auto _ : state) {
    Identity client;
    client.certificate = leaf_with_dummy(client.key, size);
    plain_handshake(&client, server);
  }
}

void attested(benchmark::State& state) {
  World::get();
  for (auto _ : state) attested_handshake();
}

BENCHMARK(plain_one_way)->Unit(benchmark::kMicrosecond);
BENCHMARK(plain_mutual)->Unit(benchmark::kMicrosecond);
BENCHMARK(mutual_dummy_extension)->Unit(benchmark::kMicrosecond);
BENCHMARK(attested)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
