// What a configuration promises, and what it refuses before a byte is sent.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "attested_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::read_text;
using ratls::test::SessionPair;
using State = Session::State;

TEST_CASE("ALPN is the application's and is negotiated") {
  AttestedWorld world;
  ClientConfig guest = world.guest_config();
  ServerConfig broker = world.broker_config();
  guest.alpn = {"http/1.1"};
  broker.alpn = {"http/1.1"};
  SessionPair pair(guest, broker);
  REQUIRE(pair.server.state() == State::open);
  CHECK(pair.client.alpn() == "http/1.1");
  broker.alpn = {"h2"};
  SessionPair mismatch(guest, broker);
  CHECK(mismatch.client.state() == State::failed);
}

TEST_CASE("a configuration that cannot work is refused before any byte is sent") {
  AttestedWorld world;
  ClientConfig no_name(Anonymous{}, AcceptCa{Bytes{1}, ""});
  CHECK(Session::client(no_name).error().reason() == Reason::invalid_config);
  ClientConfig bad_ca(Anonymous{}, AcceptCa{Bytes{1, 2, 3}, "broker"});
  CHECK(Session::client(bad_ca).error().reason() == Reason::invalid_config);
  ServerConfig null_identity(std::shared_ptr<const CertificateIdentity>(),
                             AcceptEvidence{world.verifier()});
  CHECK(Session::server(null_identity).error().reason() == Reason::invalid_config);
  ServerConfig null_verifier(world.broker(), AcceptEvidence{nullptr});
  CHECK(Session::server(null_verifier).error().reason() == Reason::invalid_config);
}

TEST_CASE("a limit of records is at least one and never above what the keys may protect") {
  AttestedWorld world;
  for (const std::uint64_t limit : {std::uint64_t{0}, kMaxRecords + 1, UINT64_MAX}) {
    ClientConfig guest = world.guest_config();
    guest.record_limit = limit;
    CHECK(Session::client(guest).error().reason() == Reason::invalid_config);
    ServerConfig broker = world.broker_config();
    broker.record_limit = limit;
    CHECK(Session::server(broker).error().reason() == Reason::invalid_config);
  }
}

TEST_CASE("a side that has sent as many records as its key may protect sends no other") {
  AttestedWorld world;
  ClientConfig guest = world.guest_config();
  guest.record_limit = 5;
  SessionPair pair(guest, world.broker_config());
  REQUIRE(pair.client.state() == State::open);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(pair.client.write(as_bytes("a record")));
    REQUIRE(read_text(pair.server, pair.client).value() == "a record");
  }
  CHECK(pair.client.write(as_bytes("one more")).error().reason() == Reason::record_limit_reached);
  CHECK(pair.client.state() == State::failed);
  // The alert, and not close_notify: what was cut off is not called whole.
  const auto told = read_text(pair.server, pair.client);
  REQUIRE_FALSE(told);
  CHECK(told.error().message().find("80") != std::string::npos);
}

TEST_CASE("records of a peer beyond what its key may protect are not delivered") {
  AttestedWorld world;
  ServerConfig broker = world.broker_config();
  broker.record_limit = 5;
  SessionPair pair(world.guest_config(), broker);
  REQUIRE(pair.client.state() == State::open);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(pair.client.write(as_bytes("a record")));
    REQUIRE(read_text(pair.server, pair.client).value() == "a record");
  }
  REQUIRE(pair.client.write(as_bytes("one more")));
  CHECK(read_text(pair.server, pair.client).error().reason() == Reason::record_limit_reached);
  const auto told = read_text(pair.client, pair.server);
  REQUIRE_FALSE(told);
  CHECK(told.error().message().find("80") != std::string::npos);
}

TEST_CASE("pins are read as they are printed, and nothing else is") {
  AttestedWorld world;
  CHECK(parse_pin(world.broker()->pin()).value().spki_sha256 == world.broker()->spki_sha256());
  for (const char* text : {"", "sha256//", "sha256//AAAA", "sha1//AAAA",
                           "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                           "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=x"}) {
    CAPTURE(text);
    CHECK(parse_pin(text).error().reason() == Reason::invalid_config);
  }
}

TEST_CASE("a session that is not open neither reads nor writes") {
  AttestedWorld world;
  Session client = Session::client(world.guest_config()).value();
  std::array<std::uint8_t, 8> buffer{};
  CHECK(client.read(buffer).error().reason() == Reason::channel_failed);
  CHECK(client.write(as_bytes("early")).error().reason() == Reason::channel_failed);
  CHECK_FALSE(client.poll_acceptance().value());
  client.abandon(Error(Reason::handshake_timeout));
  CHECK(client.read(buffer).error().reason() == Reason::handshake_timeout);
  CHECK(client.advance() == State::failed);
}

TEST_CASE("a simulated guest is refused by whoever does not name its simulator, and told nothing") {
  AttestedWorld world;
  const SystemClock clock;
  const auto policy = Policy::allow_only("agent", Covers::image, {snp::Measurement()})
                          .tcb_floor(snp::Product::milan, snp::Tcb{})
                          .any_chip()
                          .any_platform()
                          .revocation(Revocation::accept_missing())
                          .dangerously_accept_milan()
                          .build()
                          .value();
  ServerConfig broker(world.broker(),
                      AcceptEvidence{std::make_shared<const Verifier>(policy, clock)});
  SessionPair pair(world.guest_config(), broker);
  REQUIRE(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::simulated_not_allowed);
  const auto read = test::read_text(pair.client, pair.server);
  REQUIRE_FALSE(read);
  CHECK(read.error().detail().find("not_authentic") != std::string::npos);
}
