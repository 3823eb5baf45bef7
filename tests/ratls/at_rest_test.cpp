// Is a channel at rest? Looking takes nothing away and waits for nothing.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "framed_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::pump;
using ratls::test::read_text;
using ratls::test::SessionPair;

namespace {

/// Sessions of a guest and its broker that are open and have told each other so.
struct Open {
  explicit Open(bool framed)
      : pair(framed ? test::framed_guest(world()) : world().guest_config(),
             framed ? test::framed_broker(world()) : world().broker_config()) {
    REQUIRE(pair.client.poll_acceptance().value());
    run();
  }
  static const AttestedWorld& world() {
    static const AttestedWorld world;
    return world;
  }
  void run() { test::run(pair.client, pair.server); }
  Session* operator->() { return &pair.client; }
  Session& server() { return pair.server; }
  SessionPair pair;
};

Reason why(Session& session) {
  const auto rests = session.at_rest();
  return rests ? Reason::internal : rests.error().reason();
}

}  // namespace

TEST_CASE("an open session that has said and heard everything is at rest, plain and framed") {
  for (const bool framed : {false, true}) {
    CAPTURE(framed);
    Open open(framed);
    CHECK(open->at_rest());
    CHECK(open.server().at_rest());
    REQUIRE(open->write(as_bytes("question")));
    CHECK(read_text(open.server(), open.pair.client).value() == "question");
    CHECK(open->at_rest());
    CHECK(open.server().at_rest());
  }
}

TEST_CASE("bytes to send, to read, or of half a record keep a session from rest, and stay") {
  for (const bool framed : {false, true}) {
    CAPTURE(framed);
    Open open(framed);
    REQUIRE(open.server().write(as_bytes("answer")));
    CHECK(why(open.server()) == Reason::channel_busy);  // not sent yet
    const ByteView out = open.server().output();
    const Bytes record(out.begin(), out.end());
    open.server().sent(record.size());
    CHECK(open.server().at_rest());
    for (std::size_t i = 0; i < record.size(); ++i) {
      CHECK(open->feed(ByteView(record).subspan(i, 1)) == 1);
      INFO("after " << i + 1 << " bytes of " << record.size());
      CHECK(why(open.pair.client) == Reason::channel_busy);
    }
    std::array<std::uint8_t, 2> two{};
    REQUIRE(open->read(two).value().size == 1 + (framed ? 1 : 0));  // a looked-at byte comes alone
    CHECK(why(open.pair.client) == Reason::channel_busy);
    const std::string rest = read_text(open.pair.client, open.server()).value();
    CHECK(to_string(ByteView(two).first(framed ? 2 : 1)) + rest == "answer");
    CHECK(open->at_rest());
  }
}

TEST_CASE("a session that one side has ended is not at rest") {
  for (const bool framed : {false, true}) {
    CAPTURE(framed);
    Open open(framed);
    REQUIRE(open.server().close());
    CHECK(why(open.server()) == Reason::connection_closed);
    pump(open.server(), open.pair.client);
    CHECK(why(open.pair.client) == Reason::connection_closed);
    std::array<std::uint8_t, 2> two{};
    CHECK(open->read(two).value().end);
    Open cut(framed);
    cut->feed_end();
    CHECK(why(cut.pair.client) == Reason::truncated_stream);
  }
}

TEST_CASE("a session that is not open, or not accepted yet, is not at rest") {
  Session early = Session::client(Open::world().guest_config()).value();
  CHECK(why(early) == Reason::channel_failed);
  CHECK(early.records_left() == 0);
  early.abandon(Error(Reason::handshake_timeout));
  CHECK(why(early) == Reason::handshake_timeout);
  SessionPair pair(Open::world().guest_config(), Open::world().broker_config());
  Session client = Session::client(Open::world().guest_config()).value();
  Session server = Session::server(Open::world().broker_config()).value();
  while (client.state() != Session::State::open) {
    client.advance();
    static_cast<void>(client.wait_evidence(std::chrono::seconds(10)));
    client.advance();
    pump(client, server);
    server.advance();
    if (client.state() != Session::State::open) pump(server, client);
  }
  CHECK(why(client) == Reason::channel_busy);  // the VERDICT is on its way
}

TEST_CASE("an exchange of evidence keeps a framed session from rest until it is over") {
  ServerConfig broker = test::framed_broker(Open::world());
  ClientConfig guest = test::framed_guest(Open::world());
  broker.after_handshake.reattestation = true;
  guest.after_handshake.reattestation = true;
  SessionPair pair(guest, broker);
  REQUIRE(pair.client.poll_acceptance().value());
  test::run(pair.client, pair.server);
  REQUIRE(pair.client.at_rest());
  REQUIRE(pair.server.request_evidence());
  CHECK(why(pair.server) == Reason::channel_busy);
  pump(pair.server, pair.client);
  CHECK(why(pair.client) == Reason::channel_busy);
  test::run(pair.client, pair.server);
  REQUIRE_FALSE(pair.server.requesting());
  CHECK(pair.client.at_rest());
  CHECK(pair.server.at_rest());
}

TEST_CASE("the records that are left are those of the fuller direction") {
  ClientConfig guest = Open::world().guest_config();
  guest.record_limit = 10;
  SessionPair pair(guest, Open::world().broker_config());
  REQUIRE(pair.client.poll_acceptance().value());
  const auto before = pair.client.records_left();
  CHECK(before <= 10);
  REQUIRE(pair.client.write(as_bytes("one")));
  REQUIRE(pair.client.write(as_bytes("two")));
  CHECK(pair.client.records_left() <= 8);
  CHECK(pair.server.records_left() > 1000);
}
