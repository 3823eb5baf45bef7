// Framed sessions of two honest sides: evidence after the handshake.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/certgen/sim/report.h>

#include "framed_world.h"

using namespace ratls;
using ratls::test::answering_server;
using ratls::test::asked_guest;
using ratls::test::AttestedWorld;
using ratls::test::demanding_client;
using ratls::test::framed_broker;
using ratls::test::framed_guest;
using ratls::test::pump;
using ratls::test::read_text;
using ratls::test::SessionPair;
using ratls::test::WorldOptions;
using State = Session::State;

namespace {

WorldOptions debug_guest() {
  WorldOptions options;
  options.guest = [](sim::ProcessorOptions& guest) {
    guest.report.launch.policy |= sim::kPolicyDebug;
  };
  return options;
}

}  // namespace

TEST_CASE("a framed client without a certificate attests when its broker asks") {
  AttestedWorld world;
  SessionPair pair(asked_guest(world), framed_broker(world));
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  const VerifiedPeer* guest = pair.server.peer()->attested();
  REQUIRE(guest != nullptr);
  CHECK(guest->level() == Level::exporter);
  CHECK(pair.server.peer()->spki().empty());
  CHECK(pair.client.poll_acceptance().value());
  CHECK(world.processor().signed_reports() == 1);
  REQUIRE(pair.client.write(as_bytes("GET /key")));
  CHECK(read_text(pair.server, pair.client).value() == "GET /key");
  REQUIRE(pair.server.write(as_bytes("the key")));
  CHECK(read_text(pair.client, pair.server).value() == "the key");
}

TEST_CASE("evidence in the certificate is judged at once, framed or not, and asked for no more") {
  AttestedWorld world;
  SessionPair pair(framed_guest(world), framed_broker(world));
  REQUIRE(pair.server.state() == State::open);
  CHECK(pair.client.poll_acceptance().value());
  CHECK(world.processor().signed_reports() == 1);
  REQUIRE(pair.client.write(as_bytes("request")));
  CHECK(read_text(pair.server, pair.client).value() == "request");
}

TEST_CASE("an attested client whose server wants no certificate attests in frames") {
  AttestedWorld world;
  Session client = Session::client(framed_guest(world)).value();
  detail::TlsOptions options;
  options.side = detail::Side::server;
  options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  auto server = detail::TlsEngine::create(std::move(options)).value();
  REQUIRE(server->set_own_certificate(world.broker()->key(), world.broker()->certificate()));
  for (int i = 0; i < 6; ++i) {
    client.advance();
    client.sent(server->feed(client.output()));
    REQUIRE(server->handshake());
    server->consumed(client.feed(server->output()));
  }
  CHECK(client.state() == State::handshaking);
  const detail::FrameContext context;
  REQUIRE(server->write(detail::RequestFrame{context, 3}.encode()));
  client.feed(server->output());
  world.gate().shut();
  CHECK(client.advance() == State::awaiting_evidence);
  CHECK_FALSE(client.write(as_bytes("early")));
  world.gate().open();
  REQUIRE(client.wait_evidence(std::chrono::seconds(2)));
  CHECK(client.advance() == State::open);
  CHECK_FALSE(client.poll_acceptance().value());
}

TEST_CASE("a client with a pinned certificate attests under that certificate's key") {
  AttestedWorld world;
  ClientConfig client(world.visitor(), AcceptKey{world.broker()->spki_sha256()});
  client.framing = Framing::framed;
  client.after_handshake.answers = world.guest();
  SessionPair pair(client, framed_broker(world));
  REQUIRE(pair.server.state() == State::open);
  CHECK(equal_ct(pair.server.peer()->spki(), world.visitor()->key().spki()));
}

TEST_CASE("a server reaches level 3 where its client demands it") {
  AttestedWorld world;
  SessionPair pair(demanding_client(world), answering_server(world));
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  REQUIRE(pair.client.peer()->attested() != nullptr);
  CHECK(pair.client.peer()->attested()->level() == Level::exporter);
  CHECK(pair.server.poll_acceptance().value());
}

TEST_CASE("an attested server shows level 2 in its certificate and level 3 when asked") {
  AttestedWorld world;
  ClientConfig client(Anonymous{}, AcceptEvidence{world.verifier()});
  client.framing = Framing::framed;
  client.after_handshake.demand = world.verifier();
  ServerConfig server(world.guest(), AcceptEvidence{world.verifier()});
  server.framing = Framing::framed;
  client.after_handshake.answers = world.guest();
  SessionPair pair(client, server);
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  CHECK(pair.client.peer()->attested()->level() == Level::exporter);
  CHECK(pair.server.peer()->attested()->level() == Level::exporter);
}

TEST_CASE("a server demands evidence besides a pinned key, and besides a certificate's evidence") {
  AttestedWorld world;
  ServerConfig server(world.broker(), AcceptKey{world.visitor()->spki_sha256()});
  server.framing = Framing::framed;
  server.after_handshake.demand = world.verifier();
  ClientConfig client = asked_guest(world);
  client.identity = world.visitor();
  SessionPair pinned(client, server);
  REQUIRE(pinned.server.state() == State::open);
  CHECK(pinned.server.peer()->attested() != nullptr);
  CHECK(pinned.client.poll_acceptance().value());

  client.identity = world.broker();  // genuine evidence, another key
  SessionPair other(client, server);
  CHECK(other.server.failure()->reason() == Reason::pin_mismatch);

  ServerConfig twice = framed_broker(world);
  twice.after_handshake.demand = world.verifier();
  const auto before = world.processor().signed_reports();
  SessionPair both(framed_guest(world), twice);
  REQUIRE(both.server.state() == State::open);
  CHECK(both.client.poll_acceptance().value());
  CHECK(world.processor().signed_reports() == before + 2);
}

TEST_CASE("who leaves evidence out of its certificate is judged by both policies all the same") {
  AttestedWorld world;
  const SystemClock clock;
  sim::Digest48 another = sim::GuestLaunch::default_measurement();
  another.mutable_view()[0] ^= 1U;
  const auto strict = std::make_shared<const Verifier>(world.policy(another), clock);
  const bool strict_accepts = GENERATE(true, false);
  ServerConfig server = framed_broker(world);
  server.accept = AcceptEvidence{strict_accepts ? strict : world.verifier()};
  server.after_handshake.demand = strict_accepts ? world.verifier() : strict;
  for (const ClientConfig& client : {asked_guest(world), framed_guest(world)}) {
    SessionPair pair(client, server);
    REQUIRE(pair.server.state() == State::refusing);
    CHECK(pair.server.peer() == nullptr);
    CHECK(pair.server.failure()->reason() == Reason::measurement_not_allowed);
    CHECK_FALSE(pair.client.poll_acceptance());
  }
  server.after_handshake.demand = std::make_shared<const Verifier>(*world.verifier());
  server.accept = AcceptEvidence{world.verifier()};
  SessionPair both(asked_guest(world), server);
  REQUIRE(both.server.state() == State::open);
  CHECK(both.server.peer()->attested()->level() == Level::exporter);
  CHECK(both.client.poll_acceptance().value());
}

TEST_CASE("a guest that nobody asks gives up, and says that") {
  AttestedWorld world;
  ClientConfig guest = asked_guest(world);
  guest.timeouts.verdict = std::chrono::milliseconds(0);
  ServerConfig server(world.broker(), AcceptKey{world.visitor()->spki_sha256()});
  server.framing = Framing::framed;
  guest.identity = world.visitor();
  SessionPair pair(guest, server);
  CHECK(pair.client.state() == State::handshaking);
  CHECK_FALSE(pair.client.poll_acceptance().value());
  CHECK(pair.client.expire() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::evidence_not_requested);
}

TEST_CASE("a client answers nobody before its own demand was met") {
  AttestedWorld bad(debug_guest());
  AttestedWorld world;
  ClientConfig client = asked_guest(world);
  client.after_handshake.demand = world.verifier();
  client.accept = AcceptKey{bad.broker()->spki_sha256()};
  ServerConfig server(bad.broker(), AcceptEvidence{world.verifier()});
  server.framing = Framing::framed;
  server.after_handshake.answers = bad.guest();
  SessionPair pair(client, server);
  CHECK(pair.client.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::peer_refused);
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("refused evidence: the VERDICT is read, and nothing else ever is") {
  AttestedWorld world(debug_guest());
  SessionPair pair(asked_guest(world), framed_broker(world));
  REQUIRE(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::debug_allowed);
  CHECK(pair.server.peer() == nullptr);
  CHECK_FALSE(pair.server.verdict()->accepted);
  CHECK_FALSE(pair.server.write(as_bytes("leak")));
  const auto read = read_text(pair.client, pair.server);
  REQUIRE_FALSE(read);
  CHECK(read.error().reason() == Reason::peer_refused);
  CHECK(read.error().detail().find("debug_allowed") != std::string::npos);
  CHECK(pair.client.state() == State::failed);
  CHECK_FALSE(pair.client.write(as_bytes("more")));
}

TEST_CASE("an exchange that outlasts its deadline fails with the reason of what did not come") {
  AttestedWorld world;
  ServerConfig broker = framed_broker(world);
  broker.timeouts.evidence = std::chrono::milliseconds(0);
  SessionPair pair(asked_guest(world), framed_broker(world));
  CHECK_FALSE(pair.server.deadline());
  Session client = Session::client(asked_guest(world)).value();
  Session server = Session::server(broker).value();
  world.gate().shut();
  client.advance();
  pump(client, server);
  server.advance();
  pump(server, client);
  client.advance();
  pump(client, server);
  CHECK(server.advance() == State::handshaking);
  REQUIRE(server.deadline());
  CHECK(server.expire() == State::failed);
  CHECK(server.failure()->reason() == Reason::evidence_timeout);
  world.gate().open();

  ClientConfig guest = asked_guest(world);
  guest.timeouts.verdict = std::chrono::milliseconds(0);
  ServerConfig patient = framed_broker(world);
  Session asked = Session::client(guest).value();
  Session asking = Session::server(patient).value();
  while (asked.state() != State::open) {
    asked.advance();
    if (asked.making_evidence()) static_cast<void>(asked.wait_evidence(std::chrono::seconds(2)));
    if (asked.state() == State::open) break;
    pump(asked, asking);
    asking.advance();
    pump(asking, asked);
  }
  CHECK(asked.expire() == State::failed);
  CHECK(asked.failure()->reason() == Reason::verdict_missing);
}
