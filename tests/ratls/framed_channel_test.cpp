// Framed channels over real TCP, one thread a side.
#include <catch2/catch_test_macros.hpp>

#include "framed_world.h"
#include "one_server.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::asked_guest;
using ratls::test::AttestedWorld;
using ratls::test::framed_broker;
using ratls::test::framed_guest;
using ratls::test::hold;
using ratls::test::OneServer;
using ratls::test::read_to_end;
using ratls::test::WorldOptions;

namespace {

WorldOptions debug_guest() {
  WorldOptions options;
  options.guest = [](sim::ProcessorOptions& guest) {
    guest.report.launch.policy |= sim::kPolicyDebug;
  };
  return options;
}

}  // namespace

TEST_CASE("a framed guest is asked, accepted, and asked again over TCP while bytes flow") {
  AttestedWorld world;
  const std::string body(200000, 'b');
  OneServer server([&](std::unique_ptr<Transport> stream) {
    auto result = accept_over(std::move(stream), framed_broker(world));
    hold(result.channel);
    Channel& channel = *result.channel;
    hold(channel.write(as_bytes("before ")));
    for (int i = 0; i < 3; ++i) hold(channel.request_evidence());
    hold(channel.peer().attested() != nullptr);
    hold(channel.verdict()->accepted);
    hold(channel.write(as_bytes("after")));
    hold(read_to_end(channel).value() == body);
    hold(channel.close());
  });
  auto result = connect(server.address(), asked_guest(world));
  REQUIRE(result.channel);
  REQUIRE(result.channel->write(as_bytes(body)));
  std::string got;
  Bytes buffer(64);
  while (got.size() < 12)
    got += to_string(ByteView(buffer).first(result.channel->read(buffer).value()));
  CHECK(got == "before after");
  REQUIRE(result.channel->close());
  CHECK(read_to_end(*result.channel).value().empty());
  CHECK(world.processor().signed_reports() == 4);
}

TEST_CASE("a framed guest that is refused while it writes reads the reason in 50 of 50 runs") {
  AttestedWorld world(debug_guest());
  int readable = 0;
  for (int i = 0; i < 50; ++i) {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      hold(!(accept_over(std::move(stream), framed_broker(world)).channel));
    });
    auto result = connect(server.address(), asked_guest(world));
    REQUIRE(result.channel);
    const auto written = result.channel->write(Bytes(30000, 0x77));
    const Error last = written ? read_to_end(*result.channel).error() : written.error();
    const bool told = last.reason() == Reason::peer_refused &&
                      last.detail().find("debug_allowed") != std::string::npos;
    readable += told ? 1 : 0;
  }
  CHECK(readable == 50);
}

TEST_CASE("asking again ends at its deadline where the peer's firmware never answers") {
  AttestedWorld world;
  std::optional<Reason> reason;
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      ServerConfig config = framed_broker(world);
      config.timeouts.evidence = 200ms;
      config.timeouts.drain = 100ms;
      auto result = accept_over(std::move(stream), config);
      hold(result.channel);
      world.gate().shut();
      const auto asked = result.channel->request_evidence();
      if (!asked) reason = asked.error().reason();
      world.gate().open();
    });
    auto result = connect(server.address(), asked_guest(world));
    REQUIRE(result.channel);
    CHECK_FALSE(read_to_end(*result.channel));
  }
  CHECK(reason == Reason::evidence_timeout);
}

TEST_CASE("over TCP, plain against framed ends on both sides with a reason, in seconds") {
  AttestedWorld world;
  const auto start = std::chrono::steady_clock::now();
  std::optional<Reason> at_server;
  std::optional<Reason> at_client;
  const auto talk = [&](const ClientConfig& client, const ServerConfig& config, bool server_first) {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      auto result = accept_over(std::move(stream), config);
      if (server_first && result.channel) hold(result.channel->write(as_bytes("220 hello\r\n")));
      const auto read = result.channel ? read_to_end(*result.channel) : result.channel.error();
      if (!read) at_server = read.error().reason();
    });
    auto result = connect(server.address(), client);
    REQUIRE(result.channel);
    if (!server_first) CHECK(result.channel->write(as_bytes("GET / HTTP/1.1\r\n\r\n")));
    const auto read = read_to_end(*result.channel);
    if (!read) at_client = read.error().reason();
  };
  talk(world.guest_config(), framed_broker(world), false);
  CHECK(at_server == Reason::framing_mismatch);
  CHECK(at_client == Reason::framing_mismatch);
  at_server.reset();
  at_client.reset();
  talk(framed_guest(world), world.broker_config(), true);
  CHECK(at_client == Reason::framing_mismatch);
  CHECK(at_server == Reason::framing_mismatch);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("a framed server that never asks, or never judges, is given up at the deadline") {
  AttestedWorld world;
  ClientConfig guest = asked_guest(world);
  guest.timeouts.verdict = 200ms;
  guest.timeouts.drain = 100ms;
  const auto start = std::chrono::steady_clock::now();
  {
    guest.identity = world.visitor();
    OneServer server([&](std::unique_ptr<Transport> stream) {
      ServerConfig config(world.broker(), AcceptKey{world.visitor()->spki_sha256()});
      config.framing = Framing::framed;
      auto result = accept_over(std::move(stream), config);
      hold(result.channel);
      hold(!(read_to_end(*result.channel)));
    });
    const auto result = connect(server.address(), guest);
    REQUIRE_FALSE(result.channel);
    CHECK(result.channel.error().reason() == Reason::evidence_not_requested);
  }
  guest.identity = Anonymous{};
  OneServer server([&](std::unique_ptr<Transport> stream) {
    // As far as its REQUEST; then it listens, and says nothing more.
    Session session = Session::server(framed_broker(world)).value();
    Bytes chunk(4096);
    for (bool asked = false;;) {
      const auto got = stream->read(chunk, after(5s));
      if (!got || *got == 0) return;
      if (asked) continue;
      session.feed(ByteView(chunk).first(*got));
      session.advance();
      asked = session.requesting();
      hold(stream->write(session.output(), after(5s)));
      session.sent(session.output().size());
    }
  });
  auto result = connect(server.address(), guest);
  REQUIRE(result.channel);
  const auto accepted = result.channel->accepted();
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error().reason() == Reason::verdict_missing);
  CHECK(std::chrono::steady_clock::now() - start < 4s);
}
