// The attested session: who is accepted, who is not, and what each side learns.
#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/sim/report.h>

#include "attested_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::pump;
using ratls::test::read_text;
using ratls::test::run;
using ratls::test::SessionPair;
using ratls::test::WorldOptions;
using State = Session::State;

namespace {

WorldOptions guest_with(std::function<void(sim::ProcessorOptions&)> change) {
  WorldOptions options;
  options.guest = std::move(change);
  return options;
}

}  // namespace

TEST_CASE("an attested guest and its pinned broker open a session") {
  AttestedWorld world;
  SessionPair pair(world.guest_config(), world.broker_config());
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  REQUIRE(pair.server.peer() != nullptr);
  const VerifiedPeer* guest = pair.server.peer()->attested();
  REQUIRE(guest != nullptr);
  CHECK(guest->measurement().hex() == sim::GuestLaunch::default_measurement().hex());
  CHECK(guest->simulated());
  CHECK(pair.client.peer()->attested() == nullptr);
  CHECK(pair.client.poll_acceptance().value());
  CHECK(world.processor().signed_reports() == 1);
}

TEST_CASE("bytes that a guest writes before the VERDICT are read after it was accepted") {
  AttestedWorld world;
  SessionPair pair(world.guest_config(), world.broker_config());
  REQUIRE(pair.client.write(as_bytes("GET /key")));
  CHECK(read_text(pair.server, pair.client).value() == "GET /key");
  REQUIRE(pair.server.write(as_bytes("the key")));
  CHECK(read_text(pair.client, pair.server).value() == "the key");
}

TEST_CASE("a VERDICT and an answer that arrive together are told apart") {
  AttestedWorld world;
  Session client = Session::client(world.guest_config()).value();
  Session server = Session::server(world.broker_config()).value();
  run(client, server);
  REQUIRE(server.write(as_bytes("answer")));
  REQUIRE(server.close());
  CHECK(read_text(client, server).value() == "answer");
  REQUIRE(client.close());
  CHECK(client.state() == State::closed);
}

TEST_CASE("a guest with another measurement is refused, and told which rule") {
  AttestedWorld world(guest_with([](sim::ProcessorOptions& guest) {
    guest.report.launch.measurement = *sim::Digest48::from(Bytes(48, 0x66));
  }));
  SessionPair pair(world.guest_config(), world.broker_config());
  REQUIRE(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::measurement_not_allowed);
  REQUIRE(pair.server.verdict() != nullptr);
  CHECK_FALSE(pair.server.verdict()->accepted);
  CHECK(pair.server.peer() == nullptr);
  const auto read = read_text(pair.client, pair.server);
  REQUIRE_FALSE(read);
  CHECK(read.error().reason() == Reason::peer_refused);
  CHECK(read.error().detail().find("measurement_not_allowed") != std::string::npos);
}

TEST_CASE("a refused guest's early bytes are never delivered and its channel stays dead") {
  AttestedWorld world(guest_with(
      [](sim::ProcessorOptions& guest) { guest.report.launch.policy |= sim::kPolicyDebug; }));
  SessionPair pair(world.guest_config(), world.broker_config());
  REQUIRE(pair.client.write(as_bytes("early bytes")));
  const auto at_server = read_text(pair.server, pair.client);
  REQUIRE_FALSE(at_server);
  CHECK_FALSE(pair.server.write(as_bytes("leak")));
  const auto first = read_text(pair.client, pair.server);
  REQUIRE_FALSE(first);
  CHECK(first.error().detail().find("debug_allowed") != std::string::npos);
  CHECK(pair.client.state() == State::failed);
  CHECK_FALSE(pair.client.write(as_bytes("more")));
  CHECK_FALSE(pair.client.poll_acceptance());
  CHECK(pair.client.peer() == nullptr);
}

TEST_CASE("an operator who discloses nothing tells a refused guest nothing but the refusal") {
  AttestedWorld world(guest_with(
      [](sim::ProcessorOptions& guest) { guest.report.launch.policy |= sim::kPolicyDebug; }));
  ServerConfig broker = world.broker_config();
  broker.disclosure = Disclosure::nothing;
  SessionPair pair(world.guest_config(), broker);
  const auto read = read_text(pair.client, pair.server);
  REQUIRE_FALSE(read);
  CHECK(read.error().detail().find("debug") == std::string::npos);
}

TEST_CASE("a guest whose broker has another key than the image pins makes no evidence") {
  AttestedWorld world;
  ClientConfig guest = world.guest_config();
  guest.accept = AcceptKey{Sha256Digest()};
  SessionPair pair(guest, world.broker_config());
  CHECK(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::pin_mismatch);
  CHECK(pair.server.state() == State::failed);
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("a client without a certificate is refused by a broker, with an alert it can read") {
  AttestedWorld world;
  ClientConfig anonymous(Anonymous{}, AcceptKey{world.broker()->spki_sha256()});
  SessionPair pair(anonymous, world.broker_config());
  CHECK(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::malformed_certificate);
  const auto read = read_text(pair.client, pair.server);
  REQUIRE_FALSE(read);
  CHECK(read.error().reason() == Reason::peer_refused);
}

TEST_CASE("a pinned certificate is no evidence") {
  AttestedWorld world;
  ClientConfig pinned(world.broker(), AcceptKey{world.broker()->spki_sha256()});
  SessionPair pair(pinned, world.broker_config());
  CHECK(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::malformed_certificate);
}

TEST_CASE("two sides that pin each other's keys need no evidence and exchange no VERDICT") {
  AttestedWorld world;
  const AcceptKey key{world.broker()->spki_sha256()};
  SessionPair pair(ClientConfig(world.broker(), key), ServerConfig(world.broker(), key));
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  REQUIRE(pair.server.write(as_bytes("first byte")));
  CHECK(read_text(pair.client, pair.server).value() == "first byte");
}

TEST_CASE("an attested server proves itself inside the handshake, bound to its secret") {
  AttestedWorld world;
  ClientConfig client(Anonymous{}, AcceptEvidence{world.verifier()});
  ServerConfig server(world.guest(), AcceptKey{world.broker()->spki_sha256()});
  Session one = Session::client(client).value();
  Session other = Session::server(server).value();
  run(one, other);
  REQUIRE(one.state() == State::open);
  REQUIRE(one.peer()->attested() != nullptr);
  CHECK(one.peer()->attested()->level() == Level::handshake);
}

TEST_CASE("two guests prove themselves to each other in one handshake") {
  AttestedWorld world;
  const AcceptEvidence evidence{world.verifier()};
  SessionPair pair(ClientConfig(world.guest(), evidence), ServerConfig(world.guest(), evidence));
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  CHECK(pair.client.peer()->attested()->level() == Level::handshake);
  CHECK(pair.server.peer()->attested()->level() == Level::exporter);
  CHECK(pair.client.poll_acceptance().value());
}

TEST_CASE("a client refuses an attested server inside the handshake, before any evidence") {
  AttestedWorld world(guest_with(
      [](sim::ProcessorOptions& guest) { guest.report.launch.policy |= sim::kPolicyDebug; }));
  AttestedWorld other;
  const AcceptEvidence evidence{world.verifier()};
  SessionPair pair(ClientConfig(other.guest(), evidence), ServerConfig(world.guest(), evidence));
  CHECK(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::debug_allowed);
  CHECK(other.processor().signed_reports() == 0);
  CHECK(pair.server.state() == State::failed);
}

TEST_CASE("firmware that fails ends the guest's handshake with the firmware's reason") {
  AttestedWorld world;
  world.processor().refuse(Error(Reason::firmware_gone), 1);
  SessionPair pair(world.guest_config(), world.broker_config());
  CHECK(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::firmware_gone);
  CHECK(pair.server.state() != State::open);
}

TEST_CASE("firmware that is too slow is a timeout that names the throttle") {
  WorldOptions options = guest_with([](sim::ProcessorOptions& guest) {
    guest.throttle.latency = std::chrono::milliseconds(400);
  });
  options.evidence_deadline = std::chrono::milliseconds(50);
  AttestedWorld world(options);
  SessionPair pair(world.guest_config(), world.broker_config());
  CHECK(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::evidence_timeout);
}

TEST_CASE("200 sessions that wait for evidence at once all open, with two reports") {
  AttestedWorld world;
  world.gate().shut();
  constexpr std::size_t kSessions = 200;
  std::vector<Session> clients;
  std::vector<Session> servers;
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < kSessions; ++i) {
    clients.push_back(Session::client(world.guest_config()).value());
    servers.push_back(Session::server(world.broker_config()).value());
    clients[i].advance();
    pump(clients[i], servers[i]);
    servers[i].advance();
    pump(servers[i], clients[i]);
    waiting += clients[i].advance() == State::awaiting_evidence ? 1U : 0U;
  }
  REQUIRE(waiting == kSessions);
  world.gate().open();
  std::size_t open = 0;
  for (std::size_t i = 0; i < kSessions; ++i) {
    REQUIRE(clients[i].wait_evidence(std::chrono::seconds(10)));
    run(clients[i], servers[i]);
    const bool both = servers[i].state() == State::open && clients[i].poll_acceptance().value();
    open += both ? 1U : 0U;
  }
  CHECK(open == kSessions);
  // The first to wait was alone in its report; the other 199 share the second.
  CHECK(world.processor().signed_reports() == 2);
}

TEST_CASE("an end of stream before the VERDICT is its own error") {
  AttestedWorld world;
  Session client = Session::client(world.guest_config()).value();
  Session server = Session::server(world.broker_config()).value();
  // Stop the server's last flight: the client's handshake is over, the VERDICT never comes.
  client.advance();
  pump(client, server);
  server.advance();
  pump(server, client);
  client.advance();
  REQUIRE(client.wait_evidence(std::chrono::seconds(2)));
  REQUIRE(client.advance() == State::open);
  client.feed_end();
  const auto accepted = client.poll_acceptance();
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error().reason() == Reason::verdict_missing);
}

TEST_CASE("no observer, no cipher suite but TLS 1.3's, and the events in their order") {
  AttestedWorld world;
  std::vector<Event::Kind> seen;
  ClientConfig guest = world.guest_config();
  guest.observer = [&](const Event& event) { seen.push_back(event.kind); };
  SessionPair pair(guest, world.broker_config());
  CHECK(pair.client.poll_acceptance().value());
  using enum Event::Kind;
  CHECK(seen == std::vector<Event::Kind>{peer_authenticated, evidence_requested, evidence_ready,
                                         handshake_done, verdict_received});
  CHECK(pair.client.cipher_suite().starts_with("TLS1-3-"));
}
