// Attack 32: who is refused, or not accepted yet, holds no ticket.
#include <catch2/catch_test_macros.hpp>

#include "raw_client.h"
#include "resumed_world.h"

using namespace ratls;
using ratls::test::pump;
using ratls::test::RawClient;
using ratls::test::ResumedWorld;
using State = Session::State;

TEST_CASE("attack 32: a guest that is refused holds no ticket, and one that is accepted does") {
  ResumedWorld genuine;
  RawClient accepted(genuine.world, true);
  Session server = Session::server(genuine.broker()).value();
  accepted.run(server);
  REQUIRE(server.state() == State::open);
  CHECK(accepted.got_ticket());

  const auto refused = [&](RawClient& client, const ServerConfig& config) {
    Session broker = Session::server(config).value();
    client.run(broker);
    CHECK(broker.state() == State::refusing);
    CHECK_FALSE(client.got_ticket());
  };
  RawClient relay(genuine.world, true);
  relay.steal_from(accepted);
  refused(relay, genuine.broker());
  CHECK(genuine.issuer->remembered() == 1);

  ratls::test::WorldOptions debug;
  debug.guest = [](sim::ProcessorOptions& guest) {
    guest.report.launch.policy |= sim::kPolicyDebug;
  };
  ResumedWorld bad(debug);
  RawClient by_policy(bad.world, true);
  refused(by_policy, bad.broker());
  CHECK(bad.issuer->remembered() == 0);
}

TEST_CASE("attack 32: a ticket that came before the VERDICT is not kept without it") {
  ResumedWorld world;
  const auto wallet = ResumedWorld::wallet();
  Session guest = Session::client(world.guest(wallet)).value();
  Session broker = Session::server(world.broker()).value();
  guest.advance();
  for (int i = 0; i < 6 && broker.state() != State::open; ++i) {
    pump(guest, broker);
    broker.advance();
    if (broker.state() == State::open) break;
    pump(broker, guest);
    guest.advance();
    if (guest.making_evidence()) REQUIRE(guest.wait_evidence(std::chrono::seconds(5)));
    guest.advance();
  }
  REQUIRE(broker.state() == State::open);
  // All but the last byte of the VERDICT's record.
  const ByteView all = broker.output();
  guest.feed(all.first(all.size() - 1));
  CHECK_FALSE(guest.poll_acceptance().value());
  CHECK(wallet->size() == 0);
  guest.feed_end();
  CHECK(guest.poll_acceptance().error().reason() == Reason::verdict_missing);
  CHECK(wallet->size() == 0);
}
