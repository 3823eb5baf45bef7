// The attacks of docs/attacks.md, tried against a server that gives tickets and a guest that keeps
// them.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "resumed_world.h"

using namespace ratls;
using ratls::test::AcceptedPair;
using ratls::test::output_of;
using ratls::test::ResumedWorld;
using State = Session::State;

namespace {

/// A guest whose ClientHello with a ticket is out, and a broker that has looked into it.
struct Shown {
  Shown(ResumedWorld& world, const std::shared_ptr<TicketWallet>& wallet)
      : guest(Session::client(world.guest(wallet)).value()),
        broker(Session::server(world.broker()).value()),
        hello(output_of(guest)) {
    broker.feed(hello);
    broker.advance();
  }
  void finish() { ratls::test::run(guest, broker); }
  Session guest;
  Session broker;
  Bytes hello;
};

Reason why(const Session& session) {
  REQUIRE(session.failure() != nullptr);
  return session.failure()->reason();
}

bool nothing_moves(Session& session) {
  std::array<std::uint8_t, 64> buffer{};
  return !session.write(as_bytes("secret")) && !session.read(buffer) && session.peer() == nullptr;
}

}  // namespace

TEST_CASE("attack 1: a ticket that was used opens no second session") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  const auto stolen = world.copy_of(wallet);
  AcceptedPair honest(world.guest(wallet), world.broker());
  REQUIRE(honest.open());
  REQUIRE(honest.resumed());
  const auto reports = world.world.processor().signed_reports();
  AcceptedPair again(world.guest(stolen), world.broker());
  CHECK_FALSE(again.resumed());
  CHECK(world.world.processor().signed_reports() == reports + 1);  // it had to attest
}

TEST_CASE("attack 1: of two sessions that race with one ticket exactly one opens") {
  for (const bool first_wins : {true, false}) {
    ResumedWorld world;
    const auto wallet = world.wallet_with_ticket();
    const auto stolen = world.copy_of(wallet);
    Shown one(world, wallet);
    Shown two(world, stolen);
    Shown& winner = first_wins ? one : two;
    Shown& loser = first_wins ? two : one;
    winner.finish();
    CHECK(winner.broker.state() == State::open);
    CHECK(winner.broker.peer()->resumed_after());
    loser.finish();
    CHECK(loser.broker.state() == State::refusing);
    CHECK(why(loser.broker) == Reason::ticket_used);
    CHECK(nothing_moves(loser.broker));
    // It is told, and gets no other ticket to go on with.
    const auto accepted = loser.guest.poll_acceptance();
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().reason() == Reason::peer_refused);
    CHECK((first_wins ? stolen : wallet)->size() == 0);
  }
}

TEST_CASE("attack 2: a ticket without its PSK opens nothing and burns nothing") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  // mbedTLS's header, version, side, suite, age and flags; then the key with its size.
  constexpr std::size_t kKey = 15;
  REQUIRE(world.session_in(wallet)[kKey - 1] == 32);
  for (std::size_t at = kKey; at < kKey + 32; ++at) {
    const auto copied = world.copy_of(wallet, [&](Bytes& bytes) { bytes[at] ^= 1U; });
    Session guest = Session::client(world.guest(copied)).value();
    Session broker = Session::server(world.broker()).value();
    ratls::test::run(guest, broker);
    CHECK(broker.state() == State::failed);
    CHECK(guest.state() == State::failed);
    CHECK(nothing_moves(broker));
  }
  AcceptedPair honest(world.guest(wallet), world.broker());
  CHECK(honest.resumed());
}

TEST_CASE("attack 1: a whole ClientHello that was copied and shown first burns no ticket") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  Session guest = Session::client(world.guest(wallet)).value();
  const Bytes hello = output_of(guest);
  for (int i = 0; i < 5; ++i) {
    Session stranger_s = Session::server(world.broker()).value();
    stranger_s.feed(hello);
    stranger_s.advance();
    CHECK_FALSE(stranger_s.output().empty());
    // Whoever copied it has no key to go on with.
    stranger_s.feed(Bytes{0x17, 0x03, 0x03, 0x00, 0x20});
    stranger_s.feed(Bytes(32, 0x42));
    CHECK(stranger_s.advance() == State::failed);
    CHECK(stranger_s.peer() == nullptr);
  }
  Session broker = Session::server(world.broker()).value();
  broker.feed(hello);
  ratls::test::run(guest, broker);
  REQUIRE(broker.state() == State::open);
  CHECK(broker.peer()->resumed_after());
}

TEST_CASE("attack 2: a flight that was recorded resumes nothing when it is played again") {
  ResumedWorld world;
  Shown honest(world, world.wallet_with_ticket());
  honest.guest.feed(honest.broker.output());
  honest.broker.sent(honest.broker.output().size());
  const Bytes finished = output_of(honest.guest);
  honest.broker.feed(finished);
  REQUIRE(honest.broker.advance() == State::open);
  Session other = Session::server(world.broker()).value();
  other.feed(honest.hello);
  other.advance();
  other.feed(finished);
  CHECK(other.advance() != State::open);
  CHECK(other.peer() == nullptr);
}

TEST_CASE("attack 5: a resumed session is of a level below evidence, and says so everywhere") {
  ResumedWorld world;
  AcceptedPair pair(world.guest(world.wallet_with_ticket()), world.broker());
  REQUIRE(pair.resumed());
  const VerifiedPeer* guest = pair.pair.server.peer()->attested();
  CHECK(guest->level() < Level::handshake);
  CHECK(name(guest->level()) == "resumed");
  const Verdict* verdict = pair.pair.server.verdict();
  CHECK(verdict->text().find("RESUMED (level 1)") != std::string::npos);
  CHECK(verdict->find("resumption")->status == CheckStatus::pass);
}

TEST_CASE("attack 10: what a resumed peer is called is what was carried, on both sides") {
  ResumedWorld world;
  const auto wallet = ResumedWorld::wallet();
  AcceptedPair first(world.guest(wallet), world.broker());
  AcceptedPair second(world.guest(wallet), world.broker());
  REQUIRE(second.resumed());
  const auto same = [](const Session& a, const Session& b) {
    return equal_ct(a.peer()->spki(), b.peer()->spki());
  };
  CHECK(same(first.pair.client, second.pair.client));
  CHECK(same(first.pair.server, second.pair.server));
  CHECK(equal_ct(second.pair.client.peer()->spki(), world.world.broker()->key().spki()));
}

TEST_CASE("attack 10: an impostor that is shown a ticket gets no evidence and no channel") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  const auto reports = world.world.processor().signed_reports();
  ServerConfig impostor = world.broker();
  impostor.identity = world.world.visitor();
  Session guest = Session::client(world.guest(wallet)).value();
  Session server = Session::server(impostor).value();
  ratls::test::run(guest, server);
  CHECK(guest.state() == State::failed);
  CHECK(why(guest) == Reason::pin_mismatch);
  CHECK(server.peer() == nullptr);
  CHECK(world.world.processor().signed_reports() == reports);
}

TEST_CASE("attack 18: a clock that is set back, or lost, resumes nothing") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  world.clock.turn(-1000);
  AcceptedPair back(world.guest(wallet), world.broker());
  CHECK_FALSE(back.resumed());
  const auto lost = world.wallet_with_ticket();
  world.clock.lose();
  Session guest = Session::client(world.guest(lost)).value();
  Session broker = Session::server(world.broker()).value();
  ratls::test::run(guest, broker);
  CHECK(broker.state() == State::refusing);
  CHECK(why(broker) == Reason::no_time);
}

TEST_CASE("attack 19: a policy replaced behind a shown ticket refuses it, and the guest attests") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  Shown shown(world, wallet);
  world.verifier->replace_policy(world.world.policy());
  shown.finish();
  CHECK(shown.broker.state() == State::refusing);
  CHECK(why(shown.broker) == Reason::ticket_policy_replaced);
  CHECK(nothing_moves(shown.broker));
  CHECK(shown.guest.poll_acceptance().error().reason() == Reason::peer_refused);
  CHECK(wallet->size() == 0);
  AcceptedPair fresh(world.guest(wallet), world.broker());
  CHECK(fresh.open());
  CHECK_FALSE(fresh.resumed());
}

TEST_CASE("attack 19: a guest that the policy refuses by now is refused in full, ticket or not") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  world.verifier->replace_policy(world.world.policy(*sim::Digest48::from(Bytes(48, 0x66))));
  Session guest = Session::client(world.guest(wallet)).value();
  Session broker = Session::server(world.broker()).value();
  ratls::test::run(guest, broker);
  CHECK(broker.state() == State::refusing);
  CHECK(why(broker) == Reason::measurement_not_allowed);
  CHECK_FALSE(broker.verdict()->resumed_after);
  CHECK(guest.poll_acceptance().error().reason() == Reason::peer_refused);
  CHECK(wallet->size() == 0);
}

TEST_CASE("attack 18: a new ticket goes back to the first acceptance, by either clock") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  const auto first = world.behind(wallet);
  world.clock.turn(100);
  REQUIRE(AcceptedPair(world.guest(wallet), world.broker()).resumed());
  const auto second = world.behind(wallet);
  CHECK(second.since == first.since);
  CHECK(second.evidence == first.evidence);
}

TEST_CASE("attack 10: a carried key is compared with the pin again, whatever the wallet thinks") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  detail::TicketPurse& purse = detail::purse_of(*wallet);
  auto carried = purse.take(world.use());
  REQUIRE(carried);
  carried->server_spki[40] ^= 1U;
  purse.put(world.use(), std::move(*carried));
  Session guest = Session::client(world.guest(wallet)).value();
  Session broker = Session::server(world.broker()).value();
  ratls::test::run(guest, broker);
  CHECK(guest.state() == State::failed);
  CHECK(why(guest) == Reason::pin_mismatch);
}

TEST_CASE("a resumed channel keeps to its limit of records like any other") {
  ResumedWorld world;
  ClientConfig limited = world.guest(world.wallet_with_ticket());
  limited.record_limit = 3;
  AcceptedPair pair(limited, world.broker());
  REQUIRE(pair.resumed());
  for (int i = 0; i < 3; ++i) REQUIRE(pair.pair.client.write(as_bytes("a record")));
  CHECK(pair.pair.client.write(as_bytes("one more")).error().reason() ==
        Reason::record_limit_reached);
}
