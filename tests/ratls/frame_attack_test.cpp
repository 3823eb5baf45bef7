// Framed sessions before a peer that follows no rule: evidence that is not this session's
// (docs/attacks.md).
#include <catch2/catch_test_macros.hpp>

#include "framed_world.h"

using namespace ratls;
using detail::EvidenceFrame;
using detail::FrameContext;
using detail::FrameType;
using detail::RequestFrame;
using detail::Side;
using detail::VerdictFrame;
using ratls::test::asked_guest;
using ratls::test::AttackedBroker;
using ratls::test::AttestedWorld;
using ratls::test::context_of;
using ratls::test::framed_broker;
using ratls::test::framed_guest;
using ratls::test::RawPeer;
using ratls::test::request_of;
using State = Session::State;

TEST_CASE("a stranger's framed client is as good as ours when it answers with fresh evidence") {
  AttestedWorld world;
  AttackedBroker broker(world);
  broker.accept();
  broker.peer.send(FrameType::data, as_bytes("hello"));
  CHECK_FALSE(broker.ended());
}

TEST_CASE("evidence of another session is refused, framed, with a VERDICT that says only that") {
  AttestedWorld world;
  AttackedBroker other(world);
  AttackedBroker broker(world);
  const Bytes stolen = other.peer.evidence(broker.context, Role::post_handshake_client);
  broker.peer.send(EvidenceFrame{broker.context, stolen}.encode().value());
  CHECK(broker.ended() == Reason::binding_mismatch);
  CHECK(broker.session.state() == State::refusing);
  const auto verdict = broker.peer.next();
  REQUIRE(verdict);
  REQUIRE(verdict->type == FrameType::verdict);
  CHECK(VerdictFrame::decode(verdict->body).value().reason == "not_authentic");
  CHECK(broker.peer.last_words().find("49") != std::string::npos);
}

TEST_CASE("evidence under a context of the attacker's own answers nothing") {
  AttestedWorld world;
  AttackedBroker broker(world);
  broker.peer.answer(context_of(9), Role::post_handshake_client);
  CHECK(broker.ended() == Reason::context_mismatch);
}

TEST_CASE("evidence made for one context and shown under another is a binding mismatch") {
  AttestedWorld world;
  AttackedBroker broker(world);
  const Bytes made = broker.peer.evidence(context_of(9), Role::post_handshake_client);
  broker.peer.send(EvidenceFrame{broker.context, made}.encode().value());
  CHECK(broker.ended() == Reason::binding_mismatch);
}

TEST_CASE("evidence of a role that is not the peer's is refused in a frame") {
  AttestedWorld world;
  const struct {
    Role role;
    Level level;
    Reason reason;
  } rows[] = {{Role::post_handshake_server, Level::exporter, Reason::binding_mismatch},
              {Role::client, Level::exporter, Reason::binding_mismatch},
              {Role::server, Level::handshake, Reason::level_too_low},
              {Role::client, Level::key, Reason::level_too_low}};
  for (const auto& row : rows) {
    AttackedBroker broker(world);
    CAPTURE(name(row.role), name(row.level));
    const Bytes made = broker.peer.evidence(broker.context, Role::post_handshake_client,
                                            [&](EvidenceRequest& request) {
                                              request.role = row.role;
                                              request.level = row.level;
                                              if (row.level == Level::key) request.binder.reset();
                                            });
    broker.peer.send(EvidenceFrame{broker.context, made}.encode().value());
    CHECK(broker.ended() == row.reason);
    CHECK(broker.session.state() == State::refusing);
  }
}

TEST_CASE("evidence for a key that the client did not show is refused in a frame") {
  AttestedWorld world;
  AttackedBroker broker(world);
  const Bytes made = broker.peer.evidence(
      broker.context, Role::post_handshake_client,
      [&](EvidenceRequest& r) { r.spki_hash = hash_spki(world.visitor()->key().spki()); });
  broker.peer.send(EvidenceFrame{broker.context, made}.encode().value());
  CHECK(broker.ended() == Reason::binding_mismatch);
}

TEST_CASE("a peer that mirrors this side's own REQUEST and EVIDENCE proves nothing") {
  AttestedWorld world;
  ServerConfig config = framed_broker(world);
  config.after_handshake.answers = world.guest();
  Session session = Session::server(config).value();
  RawPeer mirror(world, Side::client);
  mirror.run(session);
  const FrameContext context = mirror.requested();
  SECTION("the REQUEST under the same context") {
    mirror.send(RequestFrame{context, 3}.encode());
    mirror.run(session);
    CHECK(session.failure()->reason() == Reason::context_reused);
  }
  SECTION("the EVIDENCE that this side makes, shown back") {
    mirror.send(request_of(1));
    mirror.run(session);
    const auto own = mirror.next();
    REQUIRE(own);
    const auto shown = EvidenceFrame::decode(own->body).value();
    mirror.send(EvidenceFrame{context, shown.evidence}.encode().value());
    mirror.run(session);
    CHECK(session.failure()->reason() == Reason::binding_mismatch);
    CHECK(session.state() == State::refusing);
  }
}

TEST_CASE("a peer that shows this side's own key is refused, whatever it proves") {
  AttestedWorld world;
  ServerConfig server = framed_broker(world);
  ClientConfig client = asked_guest(world);
  client.identity = world.broker();  // the server's key has leaked
  test::SessionPair pair(client, server);
  CHECK(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::binding_mismatch);
}

TEST_CASE("a plain peer of a framed side is named as that on both sides, and nothing hangs") {
  AttestedWorld world;
  // A plain client writes its request to a framed server.
  test::SessionPair pair(world.guest_config(), framed_broker(world));
  REQUIRE(pair.client.write(as_bytes("GET / HTTP/1.1\r\n\r\n")));
  const auto at_server = test::read_text(pair.server, pair.client);
  REQUIRE_FALSE(at_server);
  CHECK(at_server.error().reason() == Reason::framing_mismatch);
  const auto at_client = test::read_text(pair.client, pair.server);
  REQUIRE_FALSE(at_client);
  CHECK(at_client.error().reason() == Reason::framing_mismatch);
  // A plain server answers a framed client.
  test::SessionPair reversed(framed_guest(world), world.broker_config());
  REQUIRE(reversed.client.poll_acceptance().value());
  REQUIRE(reversed.server.write(as_bytes("HTTP/1.1 200 OK\r\n\r\n")));
  const auto read = test::read_text(reversed.client, reversed.server);
  REQUIRE_FALSE(read);
  CHECK(read.error().reason() == Reason::framing_mismatch);
  const auto told = test::read_text(reversed.server, reversed.client);
  REQUIRE_FALSE(told);
  CHECK(told.error().reason() == Reason::framing_mismatch);
  // A client that attests in frames only shows a plain server no certificate at all.
  test::SessionPair bare(asked_guest(world), world.broker_config());
  CHECK(bare.server.failure()->reason() == Reason::malformed_certificate);
  CHECK(bare.client.failure()->reason() == Reason::peer_refused);
}

TEST_CASE("every bit flipped in a guest's EVIDENCE frame keeps the broker's channel shut") {
  AttestedWorld world;
  for (std::size_t at = 0; at < 2600; at += 23) {
    AttackedBroker broker(world);
    const Bytes made = broker.peer.evidence(broker.context, Role::post_handshake_client);
    Bytes frame = EvidenceFrame{broker.context, made}.encode().value();
    REQUIRE(frame.size() > 2600);
    frame[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    broker.peer.send(frame);
    broker.peer.run(broker.session);
    CAPTURE(at);
    // A longer frame than was sent is still awaited.
    CHECK(broker.session.state() != State::open);
    CHECK(broker.session.peer() == nullptr);
  }
}
