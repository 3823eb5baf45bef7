// What the headers claim of threads and of slow peers, each seen to hold.
#include <catch2/catch_test_macros.hpp>

#include <filesystem>

#include "client_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::ask;
using ratls::test::exchange;
using ratls::test::hold;
using ratls::test::Running;
using ratls::test::world;

namespace {

std::ptrdiff_t threads() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return std::distance(begin(all), end(all));
}

/// Echoes, but to "more" it answers with more than anybody's buffers hold.
void echo_or_flood(Channel channel, const std::string&) {
  const Bytes flood(std::size_t{64} << 20U, 0x66);
  std::array<std::uint8_t, 64> buffer{};
  while (true) {
    const auto got = channel.read(buffer);
    if (!got) return;
    if (*got == 0) break;
    const ByteView text = ByteView(buffer).first(*got);
    if (!channel.write(to_string(text) == "more" ? ByteView(flood) : text)) return;
  }
  static_cast<void>(channel.close());
}

}  // namespace

TEST_CASE("a verifier, a channel and a client with its pool start no thread") {
  const Running running(ServerConfig(world().broker(), AcceptKey{world().visitor()->spki_sha256()}),
                        ratls::test::echo, ServerLimits{1, 100, 100, 100ms});
  const ClientConfig config(world().visitor(), AcceptKey{world().broker()->spki_sha256()});
  {  // the server's worker, and the thread of the world's attester, are there by now
    auto first = connect(running.address(), config);
    REQUIRE(first.channel);
    REQUIRE(exchange(*first.channel, "there") == "there");
  }
  const auto before = threads();
  const Verifier verifier(*world().verifier());
  Client client(running.address(), config);
  for (int i = 0; i < 3; ++i) {
    auto leased = client.connect();
    REQUIRE(leased.lease);
    CHECK(threads() == before);
    CHECK(exchange(**leased.lease, "hello") == "hello");
    leased.lease->give_back();
    CHECK(threads() == before);
  }
  Session session = Session::client(config).value();
  session.advance();
  CHECK(client.idle() == 1);
  CHECK(threads() == before);
}

TEST_CASE("a client that takes nothing of its answer occupies one worker and delays nobody else") {
  ServerConfig config = world().broker_config();
  Running running(config, echo_or_flood, ServerLimits{2, 100, 100, 100ms});
  auto greedy = connect(running.address(), world().guest_config());
  REQUIRE(greedy.channel);
  REQUIRE(greedy.channel->write(as_bytes("more")));
  REQUIRE(greedy.channel->accepted());
  for (int i = 0; i < 20; ++i) CHECK(ask(running.address(), "quick") == "quick");
  std::array<std::uint8_t, 16> buffer{};
  CHECK(greedy.channel->read(buffer));  // it was being served all the time
}

TEST_CASE("a server that stalls one handshake of a client delays none of its other channels") {
  auto listener = TcpListener::bind({"127.0.0.1", 0}).value();
  const Address address = listener.address();
  std::atomic<bool> over{false};
  std::thread server([&] {  // serves the first connection, and says nothing to any other
    auto first = listener.accept(after(20s));
    hold(first);
    auto opened = accept_over(std::move(*first), world().broker_config());
    hold(opened.channel);
    test::echo(std::move(*opened.channel), "");
    while (!over) std::this_thread::sleep_for(5ms);
  });
  {
    Client client(address, world().guest_config());
    auto leased = client.connect();
    REQUIRE(leased.lease);
    CHECK(exchange(**leased.lease, "one") == "one");
    leased.lease->give_back();
    REQUIRE(client.idle() == 1);
    std::atomic<bool> stalled{true};
    std::thread waiting([&] {
      const auto never = client.connect_anew(after(1500ms));
      hold(!never.lease);
      stalled = false;
    });
    int exchanges = 0;
    while (stalled || exchanges == 0) {
      auto again = client.connect();
      REQUIRE(again.lease);
      CHECK(again.lease->reused());
      CHECK(exchange(**again.lease, "two") == "two");
      again.lease->give_back();
      ++exchanges;
    }
    waiting.join();
    CHECK(exchanges > 3);
  }
  over = true;
  server.join();
}
