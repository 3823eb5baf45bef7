// Resumption as it is meant to be used: who is offered it, what both sides are told, and that
// whatever is in the way costs a full handshake and nothing else.
#include <catch2/catch_test_macros.hpp>

#include <thread>

#include <ratls/channel.h>

#include "one_server.h"
#include "resumed_world.h"

using namespace ratls;
using ratls::test::AcceptedPair;
using ratls::test::read_text;
using ratls::test::ResumedWorld;
using State = Session::State;

TEST_CASE("a guest that was accepted comes back without evidence, and both sides are told so") {
  ResumedWorld world;
  const auto wallet = ResumedWorld::wallet();
  AcceptedPair first(world.guest(wallet), world.broker());
  REQUIRE(first.open());
  CHECK_FALSE(first.resumed());
  CHECK(wallet->size() == 1);
  CHECK(world.issuer->remembered() == 1);
  const auto reports = world.world.processor().signed_reports();
  world.clock.turn(7);
  AcceptedPair second(world.guest(wallet), world.broker());
  REQUIRE(second.open());
  CHECK(second.resumed());
  CHECK(world.world.processor().signed_reports() == reports);
  const VerifiedPeer* guest = second.pair.server.peer()->attested();
  REQUIRE(guest != nullptr);
  CHECK(guest->evidence_age() >= std::chrono::seconds(7));
  CHECK(guest->measurement() == first.pair.server.peer()->attested()->measurement());
  CHECK(second.pair.server.verdict()->accepted);
  CHECK(second.pair.server.verdict()->resumed_after == guest->evidence_age());
  REQUIRE(second.pair.server.write(as_bytes("welcome back")));
  CHECK(read_text(second.pair.client, second.pair.server).value() == "welcome back");
  REQUIRE(second.pair.client.write(as_bytes("thanks")));
  CHECK(read_text(second.pair.server, second.pair.client).value() == "thanks");
}

TEST_CASE("a guest comes back again and again, and its evidence gets no younger by that") {
  ResumedWorld world;
  const auto wallet = ResumedWorld::wallet();
  REQUIRE(AcceptedPair(world.guest(wallet), world.broker()).open());
  const auto reports = world.world.processor().signed_reports();
  for (int i = 1; i <= 3; ++i) {
    world.clock.turn(90);
    AcceptedPair again(world.guest(wallet), world.broker());
    REQUIRE(again.open());
    REQUIRE(again.resumed());
    CHECK(again.pair.server.peer()->resumed_after() >= std::chrono::seconds(90 * i));
    CHECK(wallet->size() == 1);
    CHECK(world.issuer->remembered() == 1);
  }
  world.clock.turn(90);  // 360 s, and the lifetime is 300
  AcceptedPair late(world.guest(wallet), world.broker());
  REQUIRE(late.open());
  CHECK_FALSE(late.resumed());
  CHECK(world.world.processor().signed_reports() == reports + 1);
}

TEST_CASE("resumption needs both sides: an issuer alone and a wallet alone change nothing") {
  ResumedWorld world;
  ServerConfig strict = world.broker();
  strict.tickets = nullptr;
  const auto wallet = ResumedWorld::wallet();
  CHECK(AcceptedPair(world.guest(wallet), strict).open());
  CHECK(wallet->size() == 0);
  CHECK(AcceptedPair(world.guest(nullptr), world.broker()).open());
  CHECK(world.issuer->remembered() == 0);
  // And a ticket that is shown to a server without an issuer is not taken.
  AcceptedPair refused(world.guest(world.wallet_with_ticket()), strict);
  CHECK(refused.open());
  CHECK_FALSE(refused.resumed());
}

TEST_CASE("whatever a server does not take of a ticket ends in a full handshake with evidence") {
  ResumedWorld world;
  const auto full = [&](const char* why, const ServerConfig& broker, auto&& between) {
    INFO(why);
    const auto wallet = world.wallet_with_ticket();
    between();
    const auto reports = world.world.processor().signed_reports();
    AcceptedPair pair(world.guest(wallet), broker);
    CHECK(pair.open());
    CHECK_FALSE(pair.resumed());
    CHECK(world.world.processor().signed_reports() == reports + 1);
  };
  full(
      "another issuer, as after a restart",
      [&] {
        ServerConfig other = world.broker();
        other.tickets = TicketIssuer::create().value();
        return other;
      }(),
      [] {});
  full("the operator forgets all", world.broker(), [&] { world.issuer->forget_all(); });
  full("the policy was replaced by one that reads alike", world.broker(),
       [&] { world.verifier->replace_policy(world.world.policy()); });
  ResumedWorld later;
  const auto wallet = later.wallet_with_ticket();
  later.clock.turn(301);
  AcceptedPair pair(later.guest(wallet), later.broker());
  CHECK(pair.open());
  CHECK_FALSE(pair.resumed());
}

TEST_CASE("a ticket that fits no connection stays in its wallet") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  ClientConfig other = world.guest(wallet);
  other.alpn = {"http/1.1"};
  ServerConfig broker = world.broker();
  broker.alpn = {"http/1.1"};
  CHECK_FALSE(AcceptedPair(other, broker).resumed());
  CHECK(wallet->size() == 2);
  CHECK(AcceptedPair(world.guest(wallet), world.broker()).resumed());
}

TEST_CASE("tickets are for plain attested guests and servers with a certificate, and say so") {
  ResumedWorld world;
  const auto refused = [](const auto& made) {
    REQUIRE_FALSE(made);
    CHECK(made.error().reason() == Reason::invalid_config);
    CHECK(made.error().detail().find("tickets are for") != std::string::npos);
  };
  const auto wallet = ResumedWorld::wallet();
  ClientConfig framed = world.guest(wallet);
  framed.framing = Framing::framed;
  refused(Session::client(framed));
  ClientConfig nobody(Anonymous{}, AcceptKey{world.world.broker()->spki_sha256()});
  nobody.tickets = wallet;
  refused(Session::client(nobody));
  ClientConfig mutual(world.world.guest(), AcceptEvidence{world.verifier});
  mutual.tickets = wallet;
  refused(Session::client(mutual));
  ServerConfig by_key(world.world.broker(), AcceptKey{world.world.visitor()->spki_sha256()});
  by_key.tickets = world.issuer;
  refused(Session::server(by_key));
  ServerConfig key_bound(world.world.broker(), AcceptEvidence{world.verifier, true});
  key_bound.tickets = world.issuer;
  refused(Session::server(key_bound));
  ServerConfig attested(world.world.guest(), AcceptEvidence{world.verifier});
  attested.tickets = world.issuer;
  refused(Session::server(attested));
  ServerConfig frames = world.broker();
  frames.framing = Framing::framed;
  refused(Session::server(frames));
}

TEST_CASE("issuers and wallets are made within their limits only") {
  using std::chrono::seconds;
  for (const auto& rules :
       {TicketIssuer::Rules{seconds(0), 10}, TicketIssuer::Rules{seconds(601), 10},
        TicketIssuer::Rules{seconds(-1), 10}, TicketIssuer::Rules{seconds(60), 0},
        TicketIssuer::Rules{seconds(60), 65537}}) {
    CHECK(TicketIssuer::create(rules).error().reason() == Reason::invalid_config);
  }
  CHECK(TicketIssuer::create({seconds(600), 65536}).value()->lifetime() == seconds(600));
  CHECK(TicketWallet::create(0).error().reason() == Reason::invalid_config);
  CHECK(TicketWallet::create(65).error().reason() == Reason::invalid_config);
  CHECK(TicketWallet::create(64));
}

TEST_CASE("over TCP a guest comes back, with the VERDICT right behind its ticket") {
  ResumedWorld world;
  const auto wallet = ResumedWorld::wallet();
  for (int i = 0; i < 3; ++i) {
    ratls::test::OneServer server([&](std::unique_ptr<Transport> transport) {
      auto served = accept_over(std::move(transport), world.broker());
      ratls::test::hold(served.channel.has_value());
      ratls::test::hold(served.channel->peer().resumed_after().has_value() == (i > 0));
      ratls::test::hold(served.channel->write(as_bytes("hello")).has_value());
      ratls::test::hold(served.channel->close().has_value());
      Bytes rest(16);
      static_cast<void>(served.channel->read(rest).has_value());
    });
    auto opened = connect(server.address(), world.guest(wallet));
    REQUIRE(opened.channel);
    CHECK(opened.channel->peer().resumed_after().has_value() == (i > 0));
    CHECK(opened.channel->accepted());
    CHECK(ratls::test::read_to_end(*opened.channel).value() == "hello");
    CHECK(opened.channel->close());
    CHECK(wallet->size() == 1);
  }
}
