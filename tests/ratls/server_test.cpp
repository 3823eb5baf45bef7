// Server: many connections, few threads, nobody delayed by anybody.
#include <catch2/catch_test_macros.hpp>

#include "running_server.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::ask;
using ratls::test::AttestedWorld;
using ratls::test::echo;
using ratls::test::plain;
using ratls::test::read_to_end;
using ratls::test::Running;
using ratls::test::world;

namespace {

const AttestedWorld& stranger() {
  static const AttestedWorld world({[](sim::ProcessorOptions& options) {
                                      options.report.launch.measurement =
                                          sim::Digest48::parse_hex(std::string(96, '7')).value();
                                    },
                                    15000ms});
  return world;
}

}  // namespace

TEST_CASE("a server answers many clients at once, each over its own channel") {
  Running running(world().broker_config());
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int i = 0; i < 24; ++i) {
    clients.emplace_back([&, i] {
      const std::string text = "client " + std::to_string(i);
      right += ask(running.address(), text) == text ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(right == 24);
  CHECK(running.refused().empty());
}

TEST_CASE("more silent clients than workers delay nobody, and their handshakes time out") {
  ServerConfig config = world().broker_config();
  config.timeouts.handshake = 700ms;
  Running running(config, echo, ServerLimits{2, 100, 100, 1000ms});
  std::vector<std::unique_ptr<Transport>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(plain(running.address()));
  CHECK(ask(running.address(), "quick") == "quick");
  CHECK(running.refused().empty());  // they are still waiting
  const auto refused = running.wait_for_refusals(20);
  CHECK(refused == std::vector<Reason>(20, Reason::handshake_timeout));
}

TEST_CASE("accepted clients that are silent delay nobody, however many they are") {
  Running running(world().broker_config());
  std::vector<Channel> silent;
  for (int i = 0; i < 40; ++i) {
    auto opened = connect(running.address(), world().guest_config());
    REQUIRE(opened.channel);
    REQUIRE(opened.channel->accepted());
    silent.push_back(std::move(opened.channel).value());
  }
  CHECK(ask(running.address(), "quick") == "quick");
}

TEST_CASE("a refused client that goes on writing reads its VERDICT, and no handler runs") {
  std::atomic<int> handled{0};
  Running running(world().broker_config(), [&](Channel, const std::string&) { ++handled; });
  for (int i = 0; i < 10; ++i) {
    const ClientConfig config(stranger().guest(), AcceptKey{world().broker()->spki_sha256()});
    auto opened = connect(running.address(), config);
    REQUIRE(opened.channel);
    Channel channel = std::move(opened.channel).value();
    CHECK(channel.write(Bytes(30000, 0x61)));
    const auto accepted = channel.accepted();
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().reason() == Reason::peer_refused);
    CHECK(accepted.error().detail().find("measurement_not_allowed") != std::string::npos);
  }
  const auto refused = running.wait_for_refusals(10);
  CHECK(refused == std::vector<Reason>(10, Reason::measurement_not_allowed));
  CHECK(running.judged() == 10);
  CHECK(handled == 0);
}

TEST_CASE("a refused client that never ends is cut off after the drain time") {
  ServerConfig config = world().broker_config();
  config.timeouts.drain = 200ms;
  Running running(config);
  auto opened =
      connect(running.address(), {stranger().guest(), AcceptKey{world().broker()->spki_sha256()}});
  REQUIRE(opened.channel);
  CHECK(running.wait_for_refusals(1).size() == 1);
}

TEST_CASE("one address gets its share of a server's connections and no more") {
  Running running(world().broker_config(), echo, ServerLimits{2, 100, 3, 1000ms});
  std::vector<std::unique_ptr<Transport>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(plain(running.address()));
  std::this_thread::sleep_for(50ms);
  const auto fourth = plain(running.address());
  std::array<std::uint8_t, 16> buffer{};
  const auto got = fourth->read(buffer, after(5s));
  CHECK((!got || *got == 0));
  CHECK(running.wait_for_refusals(1).front() == Reason::too_many_connections);
  silent.clear();
  std::string answer;
  for (int i = 0; i < 200 && answer != "again"; ++i) answer = ask(running.address(), "again");
  CHECK(answer == "again");  // the share comes back
}

TEST_CASE("a server that stops lets channels end, takes no new ones, and run() returns") {
  Running running(world().broker_config());
  auto opened = connect(running.address(), world().guest_config());
  REQUIRE(opened.channel);
  Channel channel = std::move(opened.channel).value();
  REQUIRE(channel.accepted());
  running.server().stop();
  bool closed = false;
  for (int i = 0; i < 200 && !closed; ++i) {
    closed = !TcpStream::connect(running.address(), after(1s)).has_value();
  }
  CHECK(closed);
  REQUIRE(channel.write(as_bytes("last words")));
  REQUIRE(channel.close());
  CHECK(read_to_end(channel).value() == "last words");
  running.join();
  CHECK(running.ended_well());
}

TEST_CASE("a channel that outlasts the drain time is cut off, and its handler hears of it") {
  std::atomic<bool> heard{false};
  Running running(
      world().broker_config(),
      [&](Channel channel, const std::string&) {
        std::array<std::uint8_t, 16> buffer{};
        heard = !channel.read(buffer).has_value();
      },
      ServerLimits{2, 10, 10, 200ms});
  auto opened = connect(running.address(), world().guest_config());
  REQUIRE(opened.channel);
  REQUIRE(opened.channel->accepted());
  const auto start = std::chrono::steady_clock::now();
  running.join();
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK(heard);
}

TEST_CASE("an attested server waits for its firmware without holding anybody up") {
  AttestedWorld slow;  // its gate makes a report take as long as this test wants
  const ServerConfig config(slow.guest(), AcceptEvidence{slow.verifier()});
  Running running(config);
  slow.gate().shut();
  std::thread client([&] {
    auto opened = connect(running.address(), {slow.guest(), AcceptEvidence{slow.verifier()}});
    ratls::test::hold(opened.channel);
  });
  std::this_thread::sleep_for(100ms);
  CHECK(running.refused().empty());
  slow.gate().open();
  client.join();
}
