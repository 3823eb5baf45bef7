// The broker's server over real sockets: plain, framed, many at once, and peers that misbehave.

#include <catch2/catch_test_macros.hpp>

#include <ratls/channel.h>
#include <ratls/services/broker/audit.h>
#include <ratls/services/http/exchange.h>

#include "running_broker.h"

namespace ratls {

namespace {

using namespace std::chrono_literals;
using test::RunningBroker;

constexpr const char* kTarget = "/kbs/v0/resource/agents/llm/key";
constexpr const char* kRule = R"({"accept":["test/agent"],"per_guest":null})";

test::AttestedWorld& world() {
  static test::AttestedWorld world;
  return world;
}

test::AttestedWorld& stranger() {
  static test::AttestedWorld world({[](sim::ProcessorOptions& options) {
                                      options.report.launch.measurement =
                                          sim::Digest48::parse_hex(std::string(96, '7')).value();
                                    },
                                    15000ms});
  return world;
}

std::string fetch(const RunningBroker& broker, Framing framing,
                  test::AttestedWorld& guest = world()) {
  ClientConfig config(guest.guest(), broker.key());
  config.framing = framing;
  auto result = connect(framing == Framing::plain ? broker.plain() : broker.framed(), config);
  if (!result.channel) return std::string(code(result.channel.error().reason()));
  auto secret = http::get(http::over(*result.channel), "broker", kTarget, after(10s));
  if (!secret) return std::string(code(secret.error().reason()));
  return secret->expose([](ByteView bytes) { return to_string(bytes); });
}

std::uint64_t releases(const RunningBroker& broker) {
  return broker::check_audit(broker.audit(), {})->releases;
}

}  // namespace

TEST_CASE(
    "a broker releases on its plain and on its framed listener, and to no stranger on either") {
  RunningBroker broker(world(), kRule);
  for (const Framing framing : {Framing::plain, Framing::framed}) {
    CHECK(fetch(broker, framing) == "the value");
    CHECK(fetch(broker, framing, stranger()) == code(Reason::peer_refused));
  }
  broker.stop();
  CHECK(releases(broker) == 2);
  CHECK(broker.log().find("measurement_not_allowed") != std::string::npos);
  CHECK(broker.log().find("the value") == std::string::npos);
}

TEST_CASE("thirty guests at once are given no more than per_guest allows in all") {
  RunningBroker broker(world(), R"({"accept":["test/agent"],"per_guest":7})");
  std::vector<std::thread> guests;
  std::atomic<int> released{0};
  std::atomic<int> refused{0};
  for (int i = 0; i < 30; ++i) {
    guests.emplace_back([&, i] {
      const std::string got = fetch(broker, i % 2 == 0 ? Framing::plain : Framing::framed);
      ++(got == "the value" ? released : refused);
    });
  }
  for (auto& guest : guests) guest.join();
  CHECK(released == 7);  // one machine, so one REPORT_ID
  CHECK(refused == 23);
  broker.stop();
  CHECK(releases(broker) == 7);
}

TEST_CASE("peers that say nothing, cut off, or send bytes without end cost a broker nothing") {
  RunningBroker broker(world(), kRule, R"({"connections_per_address": 40})");
  std::vector<std::unique_ptr<Transport>> silent;
  for (int i = 0; i < 30; ++i) {
    silent.push_back(TcpStream::connect(broker.plain(), after(5s)).value());
  }
  {
    const auto junk = TcpStream::connect(broker.plain(), after(5s)).value();
    const std::string text(1 << 16, 'x');
    static_cast<void>(junk->write(as_bytes(text), after(5s)));
  }
  CHECK(fetch(broker, Framing::plain) == "the value");
  for (int i = 0; i < 20; ++i) {
    silent.push_back(TcpStream::connect(broker.plain(), after(5s)).value());
  }
  CHECK(broker.logged("connection.turned_away"));
  CHECK(broker.page("/metrics").find("turned_away_total{rule=\"address\"} 10\n") !=
        std::string::npos);
}

TEST_CASE("a head that is too long and a pipelined request are refused, and the channel ends") {
  RunningBroker broker(world(), kRule);
  const std::string get = std::string("GET ") + kTarget + " HTTP/1.1\r\nhost: b\r\n";
  for (const std::string& text :
       {get + "x: " + std::string(9000, 'y') + "\r\n\r\n", get + "\r\n" + get + "\r\n",
        get + "content-length: 3\r\n\r\nabc", get + "transfer-encoding: chunked\r\n\r\n"}) {
    ClientConfig config(world().guest(), broker.key());
    auto channel = std::move(connect(broker.plain(), config).channel).value();
    REQUIRE(channel.write(as_bytes(text)));
    std::string answer;
    std::array<std::uint8_t, 4096> chunk{};
    while (true) {
      const auto got = channel.read(chunk);
      if (!got || *got == 0) break;
      answer += to_string(ByteView(chunk).first(*got));
    }
    CHECK(answer.starts_with("HTTP/1.1 400 Bad Request"));
    CHECK(answer.find("malformed_http") != std::string::npos);
    CHECK(answer.find("the value") == std::string::npos);
  }
  broker.stop();
  CHECK(releases(broker) == 0);
}

}  // namespace ratls
