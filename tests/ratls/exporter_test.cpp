// Keying material for the application: equal on both ends, and none of the library's own.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include <ratls/channel.h>

#include "framed_world.h"
#include "one_server.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::SessionPair;

namespace {

constexpr std::string_view kLabel = "EXPORTER-tests-of-exporters";

const AttestedWorld& world() {
  static const AttestedWorld world;
  return world;
}

Bytes exported(Session& session, std::string_view label, std::string_view context,
               std::size_t size = 32) {
  Bytes out(size);
  REQUIRE(session.exporter(label, as_bytes(context), out));
  return out;
}

Reason why(Session& session, std::string_view label, std::size_t size = 32) {
  Bytes out(size);
  const auto done = session.exporter(label, {}, out);
  CHECK(out == Bytes(size));
  return done ? Reason::internal : done.error().reason();
}

}  // namespace

TEST_CASE("both ends export the same bytes, and others for another label, context or session") {
  for (const bool framed : {false, true}) {
    CAPTURE(framed);
    SessionPair pair(framed ? test::framed_guest(world()) : world().guest_config(),
                     framed ? test::framed_broker(world()) : world().broker_config());
    REQUIRE(pair.client.poll_acceptance().value());
    const Bytes one = exported(pair.client, kLabel, "context");
    CHECK(one != Bytes(32));
    CHECK(exported(pair.server, kLabel, "context") == one);
    CHECK(exported(pair.server, "EXPORTER-another", "context") != one);
    CHECK(exported(pair.server, kLabel, "another") != one);
    CHECK(exported(pair.server, kLabel, "") == exported(pair.client, kLabel, ""));
    CHECK(exported(pair.server, kLabel, "context", 8160) ==
          exported(pair.client, kLabel, "context", 8160));
    SessionPair other(world().guest_config(), world().broker_config());
    CHECK(exported(other.client, kLabel, "context") != one);
  }
}

TEST_CASE("a channel exports what its peer's channel does") {
  const auto far = std::make_shared<Bytes>(32);
  Bytes near(32);
  {
    test::OneServer server([&](std::unique_ptr<Transport> stream) {
      auto opened = accept_over(std::move(stream), world().broker_config());
      test::hold(opened.channel);
      test::hold(opened.channel->exporter(kLabel, {}, *far));
      test::hold(opened.channel->close());
    });
    auto opened = connect(server.address(), world().guest_config());
    REQUIRE(opened.channel);
    REQUIRE(opened.channel->accepted());
    REQUIRE(opened.channel->exporter(kLabel, {}, near));
  }
  CHECK(near == *far);
}

TEST_CASE("labels that begin like those of evidence are refused, in whatever case") {
  SessionPair pair(world().guest_config(), world().broker_config());
  for (const std::string_view label :
       {"EXPERIMENTAL-ratls-v1-client", "EXPERIMENTAL-ratls-v1-post", "EXPERIMENTAL-ratls-v2-x",
        "experimental-RATLS", "ratls s binder", "ratls", "RATLS-anything"}) {
    CAPTURE(label);
    CHECK(why(pair.client, label) == Reason::label_reserved);
    CHECK(why(pair.server, label) == Reason::label_reserved);
  }
  CHECK(exported(pair.client, "EXPORTER-ratls-is-no-prefix", "").size() == 32);
}

TEST_CASE("what RFC 8446 does not allow as label or size is refused") {
  SessionPair pair(world().guest_config(), world().broker_config());
  CHECK(exported(pair.client, std::string(249, 'l'), "").size() == 32);
  const std::string zero("nul\0inside", 10);
  for (const std::string& label :
       {std::string(), std::string(250, 'l'), zero, std::string("\n"), std::string("\xC3\xA4")}) {
    CHECK(why(pair.client, label) == Reason::invalid_config);
  }
  CHECK(why(pair.client, kLabel, 0) == Reason::invalid_config);
  CHECK(why(pair.client, kLabel, 8161) == Reason::invalid_config);
}

TEST_CASE("nothing is exported before a session is open, nor when it has failed") {
  Session client = Session::client(world().guest_config()).value();
  Session server = Session::server(world().broker_config()).value();
  CHECK(why(client, kLabel) == Reason::channel_failed);
  client.advance();
  test::pump(client, server);
  server.advance();
  CHECK(why(server, kLabel) == Reason::channel_failed);
  test::run(client, server);
  CHECK(exported(client, kLabel, "") == exported(server, kLabel, ""));
  client.abandon(Error(Reason::handshake_timeout));
  CHECK(why(client, kLabel) == Reason::handshake_timeout);
  test::WorldOptions debug;
  debug.guest = [](sim::ProcessorOptions& guest) {
    guest.report.launch.policy |= sim::kPolicyDebug;
  };
  const AttestedWorld refused(debug);
  SessionPair pair(refused.guest_config(), refused.broker_config());
  REQUIRE(pair.server.state() == Session::State::refusing);
  CHECK(why(pair.server, kLabel) == Reason::debug_allowed);
}
