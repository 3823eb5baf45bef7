// A peer that falls silent, breaks off or ends after any number of its bytes: every state ends with
// its own reason, and nothing is delivered that the peer's VERDICT does not cover.
#include <catch2/catch_test_macros.hpp>

#include <set>

#include <ratls/channel.h>

#include "cut_peer.h"
#include "framed_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::Cut;
using ratls::test::CutPeer;

namespace {

constexpr std::size_t kWhole = 1'000'000;
constexpr std::size_t kJitter =
    20;  // signatures differ in length, and mbedTLS pads records to 16 bytes

/// Where a channel over a cut peer ended.
struct Ending {
  bool opened = false;
  bool accepted = false;
  std::size_t delivered = 0;
  std::optional<Reason> reason;
};

// Opens, waits for acceptance, reads once: as far as it goes.
Ending use(HandshakeResult result) {
  Ending out;
  if (!result.channel) {
    out.reason = result.channel.error().reason();
    return out;
  }
  out.opened = true;
  const auto accepted = result.channel->accepted();
  out.accepted = accepted.has_value();
  if (!accepted) out.reason = accepted.error().reason();
  Bytes buffer(64);
  const auto got = result.channel->read(buffer);
  if (got) out.delivered = *got;
  if (!got && !out.reason) out.reason = got.error().reason();
  return out;
}

Ending client_over(const ClientConfig& client, const ServerConfig& server, std::size_t bytes,
                   Cut cut) {
  Session peer = Session::server(server).value();
  return use(connect_over(std::make_unique<CutPeer>(peer, bytes, cut), client));
}

Ending server_over(const ServerConfig& server, const ClientConfig& client, std::size_t bytes,
                   Cut cut) {
  Session peer = Session::client(client).value();
  return use(accept_over(std::make_unique<CutPeer>(peer, bytes, cut), server));
}

/// How many bytes a whole handshake of the peer's takes.
template <class Run>
std::size_t bytes_of(Run&& accepts) {
  std::size_t low = 0;
  std::size_t high = 65536;
  while (low + 1 < high) {
    const std::size_t middle = (low + high) / 2;
    (accepts(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

TEST_CASE("a client whose server is cut after any byte says why, for each kind of end") {
  AttestedWorld world;
  const auto run = [&](std::size_t bytes, Cut cut) {
    return client_over(world.guest_config(), world.broker_config(), bytes, cut);
  };
  const std::size_t whole = bytes_of([&](std::size_t n) { return run(n, Cut::silence).accepted; });
  const std::size_t opens = bytes_of([&](std::size_t n) { return run(n, Cut::silence).opened; });
  REQUIRE(opens > 500);
  REQUIRE(opens < whole - kJitter);
  std::size_t unaccepted = 0;
  for (std::size_t bytes = 0; bytes + kJitter < whole; bytes += bytes + 20 < opens ? 7 : 1) {
    INFO("cut after " << bytes << " of " << opens << ", " << whole);
    for (const Cut cut : {Cut::silence, Cut::reset, Cut::end}) {
      const Ending ending = run(bytes, cut);
      const bool silent = cut == Cut::silence;
      const Reason before = silent ? Reason::handshake_timeout : Reason::connection_closed;
      CHECK(ending.reason == (ending.opened ? Reason::verdict_missing : before));
      if (bytes + kJitter < opens) CHECK_FALSE(ending.opened);
      CHECK_FALSE(ending.accepted);
      CHECK(ending.delivered == 0);
      unaccepted += ending.opened ? 1U : 0U;
    }
  }
  CHECK(unaccepted > 20);
}

TEST_CASE("a server whose client is cut after any byte opens nothing and says why") {
  AttestedWorld world;
  const auto run = [&](std::size_t bytes, Cut cut) {
    return server_over(world.broker_config(), world.guest_config(), bytes, cut);
  };
  const std::size_t whole = bytes_of([&](std::size_t n) { return run(n, Cut::silence).opened; });
  REQUIRE(whole > 2000);
  for (std::size_t bytes = 0; bytes + kJitter < whole; bytes += bytes + 60 < whole ? 31 : 1) {
    INFO("cut after " << bytes << " of " << whole);
    CHECK(run(bytes, Cut::silence).reason == Reason::handshake_timeout);
    CHECK(run(bytes, Cut::reset).reason == Reason::connection_closed);
    CHECK(run(bytes, Cut::end).reason == Reason::connection_closed);
  }
}

TEST_CASE("a framed exchange that is cut after any byte opens nothing before it is complete") {
  AttestedWorld world;
  const std::set<Reason> silences{Reason::handshake_timeout, Reason::evidence_timeout,
                                  Reason::verdict_missing, Reason::evidence_not_requested};
  const std::set<Reason> ends{Reason::connection_closed, Reason::evidence_missing,
                              Reason::verdict_missing, Reason::evidence_not_requested};
  const auto asked = ratls::test::asked_guest(world);
  const auto broker = ratls::test::framed_broker(world);
  for (const bool at_client : {true, false}) {
    const auto run = [&](std::size_t bytes, Cut cut) {
      return at_client ? client_over(asked, broker, bytes, cut)
                       : server_over(broker, asked, bytes, cut);
    };
    const std::size_t whole =
        bytes_of([&](std::size_t n) { return run(n, Cut::silence).accepted; });
    for (std::size_t bytes = 0; bytes + 2 * kJitter < whole; bytes += bytes + 60 < whole ? 23 : 1) {
      INFO((at_client ? "client" : "server") << " cut after " << bytes << " of " << whole);
      for (const Cut cut : {Cut::silence, Cut::reset, Cut::end}) {
        const Ending ending = run(bytes, cut);
        REQUIRE(ending.reason);
        INFO(code(*ending.reason));
        CHECK((cut == Cut::silence ? silences : ends).contains(*ending.reason));
        CHECK_FALSE(ending.accepted);
        CHECK(ending.delivered == 0);
      }
    }
  }
}

TEST_CASE("a stream that ends without close_notify is no end of the data, wherever it is cut") {
  AttestedWorld world;
  Session peer = Session::server(world.broker_config()).value();
  auto opened =
      connect_over(std::make_unique<CutPeer>(peer, kWhole, Cut::end), world.guest_config());
  REQUIRE(opened.channel);
  REQUIRE(opened.channel->accepted());
  REQUIRE(peer.write(as_bytes("half of it")));
  Bytes buffer(64);
  CHECK(opened.channel->read(buffer).value() == 10);
  const auto rest = opened.channel->read(buffer);
  REQUIRE_FALSE(rest);
  CHECK(rest.error().reason() == Reason::truncated_stream);
  // It is no end at the second look either.
  CHECK_FALSE(opened.channel->read(buffer));
}
