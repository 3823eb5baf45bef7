// What a client never hands out again: too old, used up, or judged by another policy.
#include "client_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::Counting;
using ratls::test::exchange;
using ratls::test::hold;
using ratls::test::Judged;
using ratls::test::OneServer;
using ratls::test::until;
using ratls::test::use;
using ratls::test::Watched;
using ratls::test::world;

TEST_CASE("no channel outlives the policy that judged it, whether it waits or is in use") {
  Judged judged;
  CHECK_FALSE(use(judged.client));
  auto leased = judged.client->connect();
  REQUIRE(leased.lease);
  CHECK(leased.lease->reused());
  auto second = judged.client->connect();
  REQUIRE(second.lease);
  second.lease->give_back();
  judged.verifier->replace_policy(judged.strangers_only());
  const auto refused = judged.client->connect();
  REQUIRE_FALSE(refused.lease);
  CHECK(refused.lease.error().reason() == Reason::measurement_not_allowed);
  REQUIRE(refused.verdict);
  CHECK_FALSE(refused.verdict->accepted);
  CHECK(exchange(**leased.lease, "goes on as it began") == "goes on as it began");
  leased.lease->give_back();
  CHECK(judged.client->idle() == 0);
  CHECK(judged.client.dropped() == std::vector(2, Reason::channel_retired));
}

TEST_CASE("a policy that was replaced and came back judges every server anew") {
  Judged judged;
  CHECK_FALSE(use(judged.client));
  CHECK(use(judged.client));
  const Policy first = judged.verifier->policy();
  judged.verifier->replace_policy(judged.strangers_only());
  judged.verifier->replace_policy(first);
  CHECK(judged.client->drop_stale() == 1);
  CHECK_FALSE(use(judged.client));
  CHECK(judged.server.channels() == 2);
}

TEST_CASE("what waited or lived too long is closed in order, and judged anew") {
  std::atomic<int> orderly{0};
  const Counting server(world().broker_config(), [&](Channel channel, const std::string&) {
    std::array<std::uint8_t, 64> buffer{};
    while (true) {
      const auto got = channel.read(buffer);
      if (got && *got == 0) ++orderly;
      if (!got || *got == 0 || !channel.write(ByteView(buffer).first(*got))) return;
    }
  });
  for (const bool by_age : {false, true}) {
    PoolLimits limits;
    (by_age ? limits.max_age : limits.max_idle) = 1ms;
    Watched client(server.address(), world().guest_config(), limits);
    CHECK_FALSE(use(client));
    std::this_thread::sleep_for(5ms);
    CHECK_FALSE(use(client));
    std::this_thread::sleep_for(5ms);
    client->drop_stale();
    CHECK(client->idle() == 0);
    CHECK(client.dropped() == std::vector(2, Reason::channel_retired));
  }
  until([&] { return orderly == 4; });
}

TEST_CASE("no more channels wait than the limit says, and the oldest goes first") {
  const Counting server(world().broker_config());
  for (const std::size_t most : {std::size_t{0}, std::size_t{2}}) {
    PoolLimits limits;
    limits.idle = most;
    Watched client(server.address(), world().guest_config(), limits);
    std::vector<Lease> leases;
    for (int i = 0; i < 4; ++i) {
      auto leased = client->connect();
      REQUIRE(leased.lease);
      REQUIRE((*leased.lease)->accepted());
      leases.push_back(std::move(*leased.lease));
    }
    for (Lease& lease : leases) lease.give_back();
    CHECK(client->idle() == most);
    CHECK(client.dropped() == std::vector(4 - most, Reason::channel_retired));
  }
}

TEST_CASE("a channel whose keys have few records left is replaced before a use meets the limit") {
  const Counting server(world().broker_config());
  ClientConfig config = world().guest_config();
  config.record_limit = 40;
  Watched client(server.address(), config);
  for (int i = 0; i < 100; ++i) use(client, std::to_string(i));
  CHECK(server.channels() > 2);
  CHECK(server.channels() < 6);
  const auto dropped = client.dropped();
  CHECK(dropped == std::vector(dropped.size(), Reason::record_limit_reached));
  CHECK(sentence(Reason::record_limit_reached).find("open a new one") != std::string_view::npos);
}

TEST_CASE("a channel whose VERDICT has not come is not kept") {
  OneServer server([](std::unique_ptr<Transport> stream) {
    Session session = Session::server(world().broker_config()).value();
    Bytes chunk(16384);
    while (session.advance() == Session::State::handshaking) {
      hold(stream->write(session.output(), after(20s)));
      session.sent(session.output().size());
      const auto got = stream->read(chunk, after(20s));
      hold(got);
      session.feed(ByteView(chunk).first(*got));
    }
    while (true) {  // the VERDICT stays here
      const auto got = stream->read(chunk, after(20s));
      if (!got || *got == 0) return;
    }
  });
  Watched client(server.address());
  {
    auto leased = client->connect();
    REQUIRE(leased.lease);
    leased.lease->give_back();
  }
  CHECK(client->idle() == 0);
  CHECK(client.dropped() == std::vector{Reason::channel_busy});
}
