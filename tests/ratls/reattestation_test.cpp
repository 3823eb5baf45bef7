// Evidence again and again on an open channel, between two honest sides.
#include <catch2/catch_test_macros.hpp>

#include <random>

#include "framed_world.h"

using namespace ratls;
using ratls::test::answering_server;
using ratls::test::asked_guest;
using ratls::test::AttestedWorld;
using ratls::test::demanding_client;
using ratls::test::framed_broker;
using ratls::test::pump;
using ratls::test::read_text;
using ratls::test::run;
using ratls::test::SessionPair;
using State = Session::State;

namespace {

// Reads what is there, moving nothing.
std::string read_now(Session& session) {
  std::string out;
  Bytes buffer(4096);
  while (true) {
    const auto got = session.read(buffer);
    if (!got || got->size == 0) return out;
    out += to_string(ByteView(buffer).first(got->size));
  }
}

}  // namespace

TEST_CASE("either side asks again on an open channel, and bytes that cross wait for the VERDICT") {
  AttestedWorld world;
  SessionPair pair(asked_guest(world), framed_broker(world));
  REQUIRE(pair.client.write(as_bytes("in flight")));
  REQUIRE(pair.server.request_evidence());
  REQUIRE(pair.server.request_evidence());  // the same one
  CHECK(pair.server.requesting());
  CHECK_FALSE(pair.server.writable());
  REQUIRE(pair.server.write(as_bytes("held")));
  pump(pair.client, pair.server);
  CHECK(read_now(pair.server).empty());  // it arrived, and is not delivered
  run(pair.client, pair.server);
  CHECK_FALSE(pair.server.requesting());
  CHECK(read_now(pair.server) == "in flight");
  CHECK(read_now(pair.client) == "held");
  CHECK(world.processor().signed_reports() == 2);

  AttestedWorld other;
  SessionPair reversed(demanding_client(other), answering_server(other));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(reversed.client.request_evidence());
    run(reversed.client, reversed.server);
    CHECK_FALSE(reversed.client.requesting());
  }
  CHECK(other.processor().signed_reports() == 4);
  CHECK(reversed.client.peer()->attested() != nullptr);
}

TEST_CASE("the asked side sends no DATA before its EVIDENCE, however much it writes") {
  AttestedWorld world;
  SessionPair pair(asked_guest(world), framed_broker(world));
  world.gate().shut();
  REQUIRE(pair.server.request_evidence());
  pump(pair.server, pair.client);
  pair.client.advance();
  CHECK(pair.client.making_evidence());
  REQUIRE(pair.client.write(as_bytes("later")));
  CHECK(pair.client.output().empty());
  world.gate().open();
  run(pair.client, pair.server);
  CHECK(read_text(pair.server, pair.client).value() == "later");
}

TEST_CASE("REQUESTs that cross are both answered and both accepted") {
  AttestedWorld world;
  ServerConfig broker = framed_broker(world);
  broker.after_handshake.answers = world.guest();
  ClientConfig guest = asked_guest(world);
  guest.after_handshake.demand = world.verifier();
  SessionPair pair(guest, broker);
  REQUIRE(pair.client.state() == State::open);
  REQUIRE(pair.server.state() == State::open);
  REQUIRE(pair.client.request_evidence());
  REQUIRE(pair.server.request_evidence());
  REQUIRE(pair.client.write(as_bytes("from the client")));
  REQUIRE(pair.server.write(as_bytes("from the server")));
  run(pair.client, pair.server);
  CHECK_FALSE(pair.client.requesting());
  CHECK_FALSE(pair.server.requesting());
  CHECK(pair.client.poll_acceptance().value());
  CHECK(pair.server.poll_acceptance().value());
  CHECK(read_now(pair.server) == "from the client");
  CHECK(read_now(pair.client) == "from the server");
}

TEST_CASE("an end that is asked for during an exchange follows what was written before it") {
  AttestedWorld world;
  SessionPair pair(asked_guest(world), framed_broker(world));
  REQUIRE(pair.server.request_evidence());
  REQUIRE(pair.server.write(as_bytes("last words")));
  REQUIRE(pair.server.close());
  run(pair.client, pair.server);
  CHECK(read_now(pair.client) == "last words");
  REQUIRE(pair.client.close());
  CHECK(pair.client.state() == State::closed);
  run(pair.client, pair.server);
  CHECK(read_now(pair.server).empty());
  CHECK(pair.server.state() == State::closed);
}

TEST_CASE("asked again, a guest is judged by the policy that judged its certificate, too") {
  AttestedWorld world;
  const SystemClock clock;
  sim::Digest48 another = sim::GuestLaunch::default_measurement();
  another.mutable_view()[0] ^= 1U;
  const auto accepting = std::make_shared<Verifier>(world.policy(), clock);
  ServerConfig server = framed_broker(world);
  server.accept = AcceptEvidence{accepting};
  server.after_handshake.demand = world.verifier();
  SessionPair pair(ratls::test::framed_guest(world), server);
  REQUIRE(pair.server.state() == State::open);
  REQUIRE(pair.server.request_evidence());
  run(pair.client, pair.server);
  REQUIRE(pair.server.state() == State::open);
  accepting->replace_policy(world.policy(another));  // demand's stays as it is
  REQUIRE(pair.server.request_evidence());
  run(pair.client, pair.server);
  REQUIRE(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::measurement_not_allowed);
}

TEST_CASE("a change for the worse is found by asking again, and closes the channel") {
  AttestedWorld world;
  const auto verifier = std::make_shared<Verifier>(*world.verifier());
  ServerConfig broker = framed_broker(world);
  broker.accept = AcceptEvidence{verifier};
  SessionPair pair(asked_guest(world), broker);
  REQUIRE(pair.server.state() == State::open);
  verifier->replace_policy(world.policy(*sim::Digest48::from(Bytes(48, 0x66))));
  REQUIRE(pair.server.request_evidence());
  REQUIRE(pair.server.write(as_bytes("never sent")));
  run(pair.client, pair.server);
  CHECK(pair.server.state() == State::refusing);
  CHECK(pair.server.peer() == nullptr);
  CHECK(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::peer_refused);
  CHECK(read_now(pair.client).empty());
}

TEST_CASE("more than a megabyte held for an exchange is refused on the side that holds it") {
  AttestedWorld world;
  SessionPair pair(asked_guest(world), framed_broker(world));
  REQUIRE(pair.server.request_evidence());
  const Bytes half(1U << 19U, 'a');
  REQUIRE(pair.server.write(half));
  REQUIRE(pair.server.write(half));
  const auto over = pair.server.write(as_bytes("x"));
  REQUIRE_FALSE(over);
  CHECK(over.error().reason() == Reason::held_data_limit);
  run(pair.client, pair.server);  // the session itself goes on
  CHECK(pair.server.state() == State::open);
  std::string got = read_now(pair.client);
  while (pump(pair.server, pair.client)) got += read_now(pair.client);
  CHECK(got.size() == 1U << 20U);
}

TEST_CASE("a reader that lags behind by a few bytes gets everything, in order") {
  AttestedWorld world;
  SessionPair pair(asked_guest(world), framed_broker(world));
  std::string sent;
  std::string got;
  Bytes buffer(1000);
  for (int i = 0; i < 400; ++i) {
    const std::string chunk(1003, static_cast<char>('a' + i % 26));
    sent += chunk;
    REQUIRE(pair.client.write(as_bytes(chunk)));
    pump(pair.client, pair.server);
    const auto read = pair.server.read(buffer);
    REQUIRE(read);
    got += to_string(ByteView(buffer).first(read->size));
  }
  got += read_now(pair.server);
  CHECK(got == sent);
}

TEST_CASE("asking needs frames, a verifier and reattestation") {
  AttestedWorld world;
  SessionPair plain(world.guest_config(), world.broker_config());
  CHECK(plain.server.request_evidence().error().reason() == Reason::invalid_config);
  SessionPair pair(asked_guest(world), framed_broker(world));
  CHECK(pair.client.request_evidence().error().reason() == Reason::invalid_config);
  ServerConfig once = framed_broker(world);
  once.after_handshake.reattestation = false;
  SessionPair other(asked_guest(world), once);
  REQUIRE(other.server.state() == State::open);
  CHECK(other.server.request_evidence().error().reason() == Reason::reattestation_off);
  CHECK(other.server.state() == State::open);
  ServerConfig unframed = world.broker_config();
  unframed.after_handshake.reattestation = true;
  CHECK(Session::server(unframed).error().reason() == Reason::invalid_config);
}

TEST_CASE(
    "1,000 random orders of bytes, writes and requests deliver all, in order, once accepted") {
  AttestedWorld world;
  ServerConfig broker = framed_broker(world);
  broker.after_handshake.answers = world.guest();
  ClientConfig guest = asked_guest(world);
  guest.after_handshake.demand = world.verifier();
  std::mt19937 random(20261124);
  const auto roll = [&](unsigned sides) { return static_cast<unsigned>(random() % sides); };
  for (int round = 0; round < 1000; ++round) {
    Session sides[2] = {Session::client(guest).value(), Session::server(broker).value()};
    std::string written[2];
    std::string read[2];
    CAPTURE(round);
    for (int event = 0; event < 60 || sides[0].state() != State::open; ++event) {
      REQUIRE(event < 100000);
      const unsigned who = roll(2);
      Session& one = sides[who];
      Session& other = sides[1 - who];
      switch (roll(6)) {
        case 0:
          if (one.state() != State::open) break;
          written[who] += static_cast<char>('a' + event % 26);
          REQUIRE(one.write(as_bytes(std::string(1, written[who].back()))));
          break;
        case 1:
          if (one.state() == State::open && roll(4) == 0) REQUIRE(one.request_evidence());
          break;
        case 2: {
          // A side that was not judged, or has not judged, delivers nothing.
          const bool open = one.state() == State::open && !one.requesting();
          const std::string got = read_now(one);
          if (!open && one.state() != State::open) CHECK(got.empty());
          read[who] += got;
          break;
        }
        case 3:
          if (one.making_evidence()) REQUIRE(one.wait_evidence(std::chrono::seconds(2)));
          one.advance();
          break;
        default: {
          // Bytes move one at a time, or a few, or all.
          const std::size_t all = one.output().size();
          const std::size_t most = roll(3) == 0 ? 1 : roll(2) == 0 ? 1 + roll(700) : all;
          const std::size_t moved = other.feed(one.output().first(std::min(most, all)));
          one.sent(moved);
          other.advance();
          break;
        }
      }
    }
    run(sides[0], sides[1]);
    read[0] += read_now(sides[0]);
    read[1] += read_now(sides[1]);
    REQUIRE(sides[0].state() == State::open);
    REQUIRE(sides[1].state() == State::open);
    REQUIRE(read[0] == written[1]);
    REQUIRE(read[1] == written[0]);
  }
}
