// A client of one server: what is handed out again, and to whom.
#include <csignal>

#include "client_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::Counting;
using ratls::test::exchange;
using ratls::test::hold;
using ratls::test::Judged;
using ratls::test::until;
using ratls::test::use;
using ratls::test::Watched;
using ratls::test::world;

TEST_CASE("a channel that is given back carries the next exchange without a handshake") {
  const Counting server(world().broker_config());
  Watched client(server.address());
  CHECK_FALSE(use(client));
  CHECK(client->idle() == 1);
  for (int i = 0; i < 20; ++i) CHECK(use(client, std::to_string(i)));
  CHECK(server.channels() == 1);
  CHECK(client.dropped().empty());
}

TEST_CASE("a lease that ends without being given back closes its channel") {
  const Counting server(world().broker_config());
  Watched client(server.address());
  {
    auto leased = client->connect();
    REQUIRE(leased.lease);
    CHECK(exchange(**leased.lease, "half of something") == "half of something");
    Lease moved = std::move(*leased.lease);
    leased.lease->give_back();  // it is empty
  }
  CHECK(client->idle() == 0);
  CHECK_FALSE(use(client));
  CHECK(server.channels() == 2);
}

TEST_CASE("a channel on which an answer was not read to its end is not kept") {
  const Counting server(world().broker_config());
  Watched client(server.address());
  auto leased = client->connect();
  REQUIRE(leased.lease);
  REQUIRE((*leased.lease)->write(as_bytes("two")));
  std::array<std::uint8_t, 1> one{};
  REQUIRE((*leased.lease)->read(one));
  leased.lease->give_back();
  CHECK(client.dropped() == std::vector{Reason::channel_busy});
  CHECK(client->idle() == 0);
}

TEST_CASE("a channel on which the peer speaks while it waits is never handed out") {
  std::atomic<bool> waits{false};
  std::atomic<int> spoken{0};
  const Counting server(world().broker_config(), [&](Channel channel, const std::string&) {
    std::array<std::uint8_t, 64> buffer{};
    const auto got = channel.read(buffer);
    hold(got);
    hold(channel.write(ByteView(buffer).first(*got)));
    for (int i = 0; i < 2000 && !waits; ++i) std::this_thread::sleep_for(5ms);
    hold(channel.write(as_bytes("an answer to nobody")));
    ++spoken;
    static_cast<void>(channel.read(buffer).has_value());
  });
  Watched client(server.address());
  CHECK_FALSE(use(client));
  waits = true;
  until([&] { return spoken == 1; });
  waits = false;
  CHECK_FALSE(use(client));
  CHECK(client.dropped() == std::vector{Reason::channel_busy});
  waits = true;
}

TEST_CASE("a channel that the server closed while it waited is replaced by a new one") {
  std::atomic<int> closed{0};
  const Counting server(world().broker_config(), [&](Channel channel, const std::string&) {
    std::array<std::uint8_t, 64> buffer{};
    const auto got = channel.read(buffer);
    if (!got || !channel.write(ByteView(buffer).first(*got))) return;
    if (closed % 2 == 0) hold(channel.close());  // in order; else cut off
    ++closed;
  });
  Watched client(server.address());
  for (int i = 1; i <= 4; ++i) {
    CHECK_FALSE(use(client));
    until([&] { return closed == i; });
    std::this_thread::sleep_for(50ms);
  }
  CHECK(client.dropped().size() >= 3);
  for (const Reason why : client.dropped()) {
    CHECK((why == Reason::connection_closed || why == Reason::truncated_stream));
  }
}

TEST_CASE("connect_anew() leaves alone what waits, and drop_all() leaves nothing") {
  const Counting server(world().broker_config());
  Watched client(server.address());
  use(client);
  auto fresh = client->connect_anew();
  REQUIRE(fresh.lease);
  CHECK_FALSE(fresh.lease->reused());
  CHECK(client->idle() == 1);
  client->drop_all();
  CHECK(client->idle() == 0);
  CHECK(exchange(**fresh.lease, "and this one goes on") == "and this one goes on");
}

TEST_CASE("a lease may outlive its client, and is closed when it is given back") {
  const Counting server(world().broker_config());
  std::optional<Client> client(std::in_place, server.address(), world().guest_config());
  auto leased = client->connect();
  REQUIRE(leased.lease);
  client.reset();
  CHECK(exchange(**leased.lease, "on its own") == "on its own");
  leased.lease->give_back();
}

TEST_CASE("a server that nobody reaches is an error of connecting, and nothing is kept") {
  Address address;
  { address = TcpListener::bind({"127.0.0.1", 0}).value().address(); }
  Watched client(address);
  const auto leased = client->connect(after(5s));
  REQUIRE_FALSE(leased.lease);
  CHECK(leased.lease.error().reason() == Reason::connection_failed);
  CHECK(client->idle() == 0);
}

TEST_CASE("many threads share a client: each exchange has its channel for itself") {
  Judged judged;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        const std::string text = std::to_string(thread) + ":" + std::to_string(i);
        auto leased = judged.client->connect();
        hold(leased.lease);
        right += exchange(**leased.lease, text) == text ? 1 : 0;
        if (i % 7 != 0) leased.lease->give_back();
        if (i == 10) judged.verifier->replace_policy(judged.verifier->policy());
        if (i == 15) judged.client->drop_stale();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 120);
  CHECK(judged.client->idle() <= PoolLimits{}.idle);
  CHECK(judged.server.channels() < 120);
}

TEST_CASE("tickets of a stock OpenSSL server do not keep its channel from the pool") {
  if (test::run_command("openssl version").status != 0) SKIP("no openssl on this machine");
  const test::TemporaryFolder folder;
  const std::string pem = folder.file("server.pem");
  const auto identity = CertificateIdentity::create(pem).value();
  const Address address = TcpListener::bind({"127.0.0.1", 0}).value().address();  // free again
  const auto started =
      test::run_command("openssl s_server -tls1_3 -rev -num_tickets 3 -accept " + address.text() +
                        " -cert " + pem + " -key " + pem + " >/dev/null 2>&1 </dev/null & echo $!");
  struct Child {
    pid_t pid;
    ~Child() { ::kill(pid, SIGTERM); }
  } const child{std::stoi(started.output)};
  Watched client(address, ClientConfig(Anonymous{}, AcceptKey{identity.spki_sha256()}));
  until([&] { return client->connect_anew(after(5s)).lease.has_value(); });
  for (int i = 0; i < 5; ++i) {
    auto leased = client->connect();
    REQUIRE(leased.lease);
    CHECK(leased.lease->reused() == (i > 0));
    CHECK(exchange(**leased.lease, "abc\n") == "cba\n");  // it reverses each line
    leased.lease->give_back();
  }
  CHECK(client.dropped().empty());
}
