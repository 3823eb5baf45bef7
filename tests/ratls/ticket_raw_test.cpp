// mbedTLS by itself against a server that gives tickets: what a bearer can do, and what he cannot.
#include <catch2/catch_test_macros.hpp>

#include "raw_tls.h"
#include "resumed_world.h"

using namespace ratls;
using ratls::test::RawTls;
using ratls::test::RawTlsOptions;
using ratls::test::ResumedWorld;
using State = Session::State;

namespace {

constexpr unsigned kAll = MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL;
constexpr unsigned kPskEphemeral = MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL;

/// A session as mbedTLS has it, out of what a wallet keeps.
struct Stolen {
  explicit Stolen(const Bytes& saved) {
    mbedtls_ssl_session_init(&session);
    REQUIRE(mbedtls_ssl_session_load(&session, saved.data(), saved.size()) == 0);
  }
  Stolen(const Stolen&) = delete;
  Stolen& operator=(const Stolen&) = delete;
  ~Stolen() { mbedtls_ssl_session_free(&session); }
  mbedtls_ssl_session session{};
};

}  // namespace

TEST_CASE("whoever has a ticket and its PSK is that guest, once: why they lie in guarded memory") {
  ResumedWorld world;
  const Stolen stolen(world.session_in(world.wallet_with_ticket()));
  RawTlsOptions options;
  options.resume = &stolen.session;
  RawTls thief(options);
  Session broker = Session::server(world.broker()).value();
  thief.run(broker);
  REQUIRE(broker.state() == State::open);
  CHECK(broker.peer()->attested()->level() == Level::resumed);
  RawTls again(options);
  Session other = Session::server(world.broker()).value();
  again.run(other);
  CHECK(other.state() != State::open);
  CHECK(other.peer() == nullptr);
}

TEST_CASE("attack 10: a PSK that is no ticket's is not taken by a server that gives tickets") {
  const ResumedWorld world;
  for (const unsigned modes : {kAll, kPskEphemeral}) {
    RawTlsOptions options;
    options.psk = true;
    options.modes = modes;
    RawTls client(options);
    Session broker = Session::server(world.broker()).value();
    client.run(broker);
    CHECK(broker.state() != State::open);
    CHECK(broker.peer() == nullptr);
    CHECK(broker.failure() != nullptr);
    CHECK(client.failed() != 0);
  }
}

TEST_CASE("attack 32: a client without evidence gets no ticket of a server that gives them") {
  ResumedWorld world;
  for (const bool with_certificate : {true, false}) {
    for (const unsigned modes : {kAll, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL}) {
      RawTlsOptions options;
      if (with_certificate) options.identity = world.world.visitor().get();
      options.modes = modes;
      RawTls client(options);
      Session broker = Session::server(world.broker()).value();
      client.run(broker);
      CHECK(broker.state() == State::refusing);
      CHECK(client.tickets() == 0);
      CHECK(client.failed() == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    }
  }
  CHECK(world.issuer->remembered() == 0);
}

TEST_CASE("attack 10: a ticket of a server that says no VERDICT is not kept") {
  ResumedWorld world;
  ratls::test::TicketDesk desk;
  RawTlsOptions options;
  options.server = true;
  options.identity = world.world.broker().get();
  options.desk = &desk;
  RawTls server(options);
  const auto wallet = ResumedWorld::wallet();
  Session guest = Session::client(world.guest(wallet)).value();
  server.run(guest);
  REQUIRE(guest.state() == State::open);
  CHECK_FALSE(guest.poll_acceptance().value());
  guest.feed_end();
  CHECK(guest.poll_acceptance().error().reason() == Reason::verdict_missing);
  CHECK(wallet->size() == 0);
}
