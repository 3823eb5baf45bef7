// Level 0: evidence that covers the TLS key only. Refused by default; where it is accepted, both
// sides agree on the VERDICT, and nobody can miss what was accepted.
#include <catch2/catch_test_macros.hpp>

#include "key_bound_identity.h"
#include "raw_client.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::key_bound_identity;
using ratls::test::read_text;
using ratls::test::SessionPair;
using State = Session::State;

namespace {

AcceptEvidence dangerously(const AttestedWorld& world) {
  return AcceptEvidence{world.verifier(), true};
}

ServerConfig careless_broker(const AttestedWorld& world) {
  return ServerConfig(world.broker(), dangerously(world));
}

ClientConfig key_bound_guest(const AttestedWorld& world) {
  return ClientConfig(key_bound_identity(world, Role::client),
                      AcceptKey{world.broker()->spki_sha256()});
}

ServerConfig key_bound_server(const AttestedWorld& world, Role role = Role::server) {
  return ServerConfig(key_bound_identity(world, role), AcceptKey{world.visitor()->spki_sha256()});
}

ClientConfig visitor(const AttestedWorld& world, AcceptEvidence accept) {
  return ClientConfig(world.visitor(), std::move(accept));
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void check_loud(const Session& judge) {
  REQUIRE(judge.peer() != nullptr);
  REQUIRE(judge.peer()->attested() != nullptr);
  CHECK(judge.peer()->attested()->level() == Level::key);
  const Verdict& verdict = *judge.verdict();
  CHECK(has(verdict.text(), "KEY-BOUND"));
  CHECK(has(verdict.text(), "CVE-2026-33697"));
  CHECK(has(verdict.json(), "DANGEROUS"));
  CHECK(has(verdict.find("binding")->got, "not this session"));
}

void check_echo(SessionPair& pair) {
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  REQUIRE(pair.client.write(as_bytes("question")));
  CHECK(read_text(pair.server, pair.client).value() == "question");
  REQUIRE(pair.server.write(as_bytes("answer")));
  CHECK(read_text(pair.client, pair.server).value() == "answer");
  CHECK(pair.client.poll_acceptance().value());
}

}  // namespace

TEST_CASE("a client's evidence over its key only is refused by default, and it reads so") {
  AttestedWorld world;
  for (const Framing framing : {Framing::plain, Framing::framed}) {
    ClientConfig guest = key_bound_guest(world);
    ServerConfig broker = world.broker_config();
    guest.framing = broker.framing = framing;
    SessionPair pair(guest, broker);
    REQUIRE(pair.server.state() == State::refusing);
    CHECK(pair.server.failure()->reason() == Reason::level_too_low);
    CHECK_FALSE(has(pair.server.verdict()->text(), "KEY-BOUND"));
    const auto read = read_text(pair.client, pair.server);
    REQUIRE_FALSE(read);
    CHECK(read.error().reason() == Reason::peer_refused);
    CHECK(has(read.error().detail(), "not_authentic"));
  }
}

TEST_CASE("a server's evidence over its key only is refused by default, inside the handshake") {
  AttestedWorld world;
  SessionPair pair(visitor(world, AcceptEvidence{world.verifier()}), key_bound_server(world));
  REQUIRE(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::level_too_low);
  CHECK(pair.server.state() != State::open);
}

TEST_CASE(
    "a client's evidence over its key only opens a channel where the server says so, loudly") {
  AttestedWorld world;
  for (const Framing framing : {Framing::plain, Framing::framed}) {
    ClientConfig guest = key_bound_guest(world);
    ServerConfig broker = careless_broker(world);
    guest.framing = broker.framing = framing;
    SessionPair pair(guest, broker);
    check_echo(pair);
    check_loud(pair.server);
  }
}

TEST_CASE(
    "a server's evidence over its key only opens a channel where the client says so, loudly") {
  AttestedWorld world;
  for (const Framing framing : {Framing::plain, Framing::framed}) {
    ClientConfig client = visitor(world, dangerously(world));
    ServerConfig server = key_bound_server(world);
    client.framing = server.framing = framing;
    SessionPair pair(client, server);
    check_echo(pair);
    check_loud(pair.client);
  }
}

TEST_CASE("both sides with evidence over their keys only open a channel where both say so") {
  AttestedWorld world;
  ClientConfig client(key_bound_identity(world, Role::client), dangerously(world));
  ServerConfig server(key_bound_identity(world, Role::server), dangerously(world));
  SessionPair pair(client, server);
  check_echo(pair);
  check_loud(pair.client);
  check_loud(pair.server);
}

TEST_CASE("who accepts evidence over the key only accepts evidence of the session as before") {
  AttestedWorld world;
  SessionPair pair(world.guest_config(), careless_broker(world));
  check_echo(pair);
  CHECK(pair.server.peer()->attested()->level() == Level::exporter);
  CHECK_FALSE(has(pair.server.verdict()->text(), "KEY-BOUND"));
}

TEST_CASE("evidence over the key only is still about its key, its role and its policy") {
  AttestedWorld world;
  test::RawClient thief(world);
  thief.make_request = [](EvidenceRequest request) {
    request.level = Level::key;
    request.binder.reset();
    request.spki_hash = hash_spki(as_bytes("another key"));
    return request;
  };
  Session broker = Session::server(careless_broker(world)).value();
  thief.run(broker);
  REQUIRE(broker.state() == State::refusing);
  CHECK(broker.failure()->reason() == Reason::binding_mismatch);

  SessionPair reflected(visitor(world, dangerously(world)), key_bound_server(world, Role::client));
  REQUIRE(reflected.client.state() == State::failed);
  CHECK(reflected.client.failure()->reason() == Reason::binding_mismatch);

  const auto other = *sim::Digest48::from(Bytes(48, 0x55));
  const SystemClock clock;
  const auto verifier = std::make_shared<const Verifier>(world.policy(other), clock);
  SessionPair unknown(key_bound_guest(world),
                      ServerConfig(world.broker(), AcceptEvidence{verifier, true}));
  REQUIRE(unknown.server.state() == State::refusing);
  CHECK(unknown.server.failure()->reason() == Reason::measurement_not_allowed);
}

TEST_CASE("evidence over the key only can be relayed by whoever has the key: why it is refused") {
  // CVE-2026-33697, shown: the second client never spoke to a firmware, it has only the file.
  AttestedWorld world;
  const ClientConfig guest = key_bound_guest(world);
  const auto reports = world.processor().signed_reports();
  SessionPair first(guest, careless_broker(world));
  SessionPair elsewhere(guest, careless_broker(world));
  CHECK(elsewhere.server.state() == State::open);
  CHECK(world.processor().signed_reports() == reports);
  SessionPair careful(guest, world.broker_config());
  CHECK(careful.server.state() == State::refusing);
}

TEST_CASE("evidence in a frame is bound to the session, whatever is accepted in certificates") {
  AttestedWorld world;
  ClientConfig guest(world.visitor(), AcceptKey{world.broker()->spki_sha256()});
  ServerConfig broker = careless_broker(world);
  guest.framing = broker.framing = Framing::framed;
  guest.after_handshake.answers = world.guest();
  SessionPair pair(guest, broker);
  check_echo(pair);
  CHECK(pair.server.peer()->attested()->level() == Level::exporter);
}

TEST_CASE("a server that pins the key of evidence over that key still sends its VERDICT") {
  AttestedWorld world;
  const auto identity = key_bound_identity(world, Role::client);
  const ClientConfig guest(identity, AcceptKey{world.broker()->spki_sha256()});
  SessionPair pair(guest, ServerConfig(world.broker(), AcceptKey{identity->spki_sha256()}));
  check_echo(pair);
  SessionPair other(guest, ServerConfig(world.broker(), AcceptKey{world.visitor()->spki_sha256()}));
  REQUIRE(other.server.failure() != nullptr);
  CHECK(other.server.failure()->reason() == Reason::pin_mismatch);
  CHECK(read_text(other.client, other.server).error().reason() == Reason::peer_refused);
}

TEST_CASE("a server that asks for no certificate ends a client that has evidence in one") {
  AttestedWorld world;
  Session guest = Session::client(key_bound_guest(world)).value();
  detail::TlsOptions options;
  options.side = detail::Side::server;
  options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  auto server = detail::TlsEngine::create(std::move(options)).value();
  REQUIRE(server->set_own_certificate(world.broker()->key(), world.broker()->certificate()));
  guest.advance();
  guest.sent(server->feed(guest.output()));
  REQUIRE(server->handshake());
  guest.feed(server->output());
  CHECK(guest.advance() == State::failed);
  CHECK(guest.failure()->reason() == Reason::evidence_not_requested);
}
