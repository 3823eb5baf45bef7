// Framed sessions before a peer that follows no rule: frames out of place, too long or too many
// (docs/attacks.md).
#include <catch2/catch_test_macros.hpp>

#include "framed_world.h"

using namespace ratls;
using detail::EvidenceFrame;
using detail::FrameType;
using detail::Side;
using detail::VerdictFrame;
using ratls::test::asked_guest;
using ratls::test::AttackedBroker;
using ratls::test::AttackedGuest;
using ratls::test::AttestedWorld;
using ratls::test::context_of;
using ratls::test::framed_broker;
using ratls::test::framed_guest;
using ratls::test::RawPeer;
using ratls::test::request_of;
using State = Session::State;

TEST_CASE("EVIDENCE that nobody asked for, or that comes twice, closes the channel") {
  AttestedWorld world;
  AttackedBroker broker(world);
  const Bytes answer =
      EvidenceFrame{broker.context,
                    broker.peer.evidence(broker.context, Role::post_handshake_client)}
          .encode()
          .value();
  broker.peer.send(answer);
  broker.peer.send(answer);
  CHECK(broker.ended() == Reason::unsolicited_evidence);
  AttackedGuest guest(world);
  guest.peer.send(EvidenceFrame{context_of(1), {0xA0}}.encode().value());
  CHECK(guest.ended() == Reason::unsolicited_evidence);
}

TEST_CASE("a context that was used before is refused in a later REQUEST") {
  AttestedWorld world;
  AttackedGuest guest(world);
  guest.open();
  guest.peer.send(request_of(1));
  CHECK(guest.ended() == Reason::context_reused);
  CHECK(world.processor().signed_reports() == 1);
}

TEST_CASE("a second REQUEST while one is open closes the channel") {
  AttestedWorld world;
  AttackedGuest guest(world);
  guest.peer.send(request_of(1));
  guest.peer.send(request_of(2));
  CHECK(guest.ended() == Reason::duplicate_request);
}

TEST_CASE("DATA before the REQUEST is not delivered to a guest that must be judged") {
  AttestedWorld world;
  AttackedGuest guest(world);
  guest.peer.send(FrameType::data, as_bytes("wrong keys"));
  CHECK(guest.ended() == Reason::evidence_not_requested);
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("DATA between REQUEST and VERDICT is not delivered either") {
  AttestedWorld world;
  AttackedGuest guest(world);
  guest.peer.send(request_of(1));
  guest.peer.run(guest.session);
  guest.peer.send(FrameType::data, as_bytes("wrong keys"));
  CHECK(guest.ended() == Reason::frame_out_of_order);
}

TEST_CASE("DATA before the VERDICT over a certificate is not delivered, framed") {
  AttestedWorld world;
  Session session = Session::client(framed_guest(world)).value();
  RawPeer peer(world, Side::server);
  peer.run(session);
  REQUIRE(session.state() == State::open);
  peer.send(FrameType::data, as_bytes("wrong keys"));
  peer.run(session);
  CHECK(session.failure()->reason() == Reason::frame_out_of_order);
}

TEST_CASE("a VERDICT before the REQUEST accepts nothing") {
  AttestedWorld world;
  AttackedGuest guest(world);
  guest.peer.send(VerdictFrame{}.encode());
  CHECK(guest.ended() == Reason::frame_out_of_order);
  AttackedGuest other(world);
  other.peer.send(request_of(1));
  other.peer.send(VerdictFrame{}.encode());
  CHECK(other.ended() == Reason::frame_out_of_order);
}

TEST_CASE("bytes that a client sends before its EVIDENCE are held, and gone when it is refused") {
  AttestedWorld world;
  AttackedBroker broker(world);
  broker.peer.send(FrameType::data, as_bytes("delete everything"));
  CHECK_FALSE(broker.ended());
  broker.peer.send(EvidenceFrame{broker.context, {0xA0}}.encode().value());
  CHECK(broker.ended() == Reason::malformed_evidence);
}

TEST_CASE("more than a megabyte before the EVIDENCE closes the channel") {
  AttestedWorld world;
  AttackedBroker broker(world);
  const Bytes chunk(16384, 'x');
  for (int i = 0; i < 64; ++i) {
    broker.peer.send(FrameType::data, chunk);
    broker.peer.run(broker.session);
    REQUIRE(broker.session.failure() == nullptr);
  }
  broker.peer.send(FrameType::data, as_bytes("x"));
  CHECK(broker.ended() == Reason::held_data_limit);
}

TEST_CASE("a frame that is too long closes a framed session while its body is still on the way") {
  AttestedWorld world;
  for (const Bytes& header : {Bytes{0, 0, 0x40, 1}, Bytes{1, 0, 0, 65}, Bytes{2, 0, 0x20, 1},
                              Bytes{3, 0, 4, 1}, Bytes{0, 0xFF, 0xFF, 0xFF}}) {
    CAPTURE(to_hex(header));
    AttackedBroker broker(world);
    broker.peer.send(header);
    CHECK(broker.ended() == Reason::malformed_frame);
    CHECK(broker.peer.last_words().find("10") != std::string::npos);
  }
}

TEST_CASE("a level that does not exist is not promised") {
  AttestedWorld world;
  AttackedGuest guest(world);
  guest.peer.send(request_of(1, 4));
  CHECK(guest.ended() == Reason::level_unavailable);
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("a REQUEST to a side without an attester says so on both ends") {
  AttestedWorld world;
  ClientConfig config(Anonymous{}, AcceptKey{world.broker()->spki_sha256()});
  config.framing = Framing::framed;
  test::SessionPair pair(config, framed_broker(world));
  CHECK(pair.client.failure()->reason() == Reason::cannot_attest);
  REQUIRE(pair.server.failure() != nullptr);
  CHECK(pair.server.failure()->detail().find("80") != std::string::npos);
}

TEST_CASE("a REQUEST on an open channel without reattestation closes it") {
  AttestedWorld world;
  ClientConfig config = asked_guest(world);
  config.after_handshake.reattestation = false;
  Session session = Session::client(config).value();
  RawPeer peer(world, Side::server);
  peer.run(session);
  peer.send(request_of(1));
  peer.run(session);
  peer.send(VerdictFrame{}.encode());
  peer.send(FrameType::data, as_bytes("hello"));
  peer.send(request_of(2));
  peer.run(session);
  CHECK(session.failure()->reason() == Reason::reattestation_off);
}

TEST_CASE("an end before the EVIDENCE or before the VERDICT is not an orderly end") {
  AttestedWorld world;
  AttackedBroker broker(world);
  broker.peer.end();
  CHECK(broker.ended() == Reason::evidence_missing);
  AttackedBroker cut(world);
  cut.session.feed_end();
  CHECK(cut.ended() == Reason::evidence_missing);
  AttackedGuest guest(world);
  guest.peer.end();
  CHECK(guest.ended() == Reason::evidence_not_requested);
  AttackedGuest judged(world);
  judged.peer.send(request_of(1));
  judged.peer.run(judged.session);
  judged.peer.end();
  CHECK(judged.ended() == Reason::verdict_missing);
  AttackedGuest torn(world);
  torn.open();
  torn.peer.send(Bytes{0, 0, 0, 9, 'h', 'a', 'l', 'f'});
  torn.peer.end();
  CHECK(torn.ended() == Reason::truncated_stream);
}

TEST_CASE("an exchange of one byte at a time ends as one of whole flights does") {
  AttestedWorld world;
  Session sides[2] = {Session::client(asked_guest(world)).value(),
                      Session::server(framed_broker(world)).value()};
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t who : {0U, 1U}) {
      sides[who].advance();
      if (sides[who].making_evidence()) {
        REQUIRE(sides[who].wait_evidence(std::chrono::seconds(2)));
        sides[who].advance();
      }
      while (!sides[who].output().empty()) {
        REQUIRE(sides[1 - who].feed(sides[who].output().first(1)) == 1);
        sides[who].sent(1);
        sides[1 - who].advance();
        moved = true;
      }
    }
  }
  CHECK(sides[0].state() == State::open);
  CHECK(sides[1].state() == State::open);
  CHECK(sides[0].poll_acceptance().value());
}
