// mbedTLS by itself against a server that gives tickets: what a bearer can do, and what he cannot.
#include <catch2/catch_test_macros.hpp>

#include <ratls/core/reader.h>

#include "raw_tls.h"
#include "resumed_world.h"

using namespace ratls;
using ratls::test::output_of;
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

// The ClientHello in the first record with its one ticket `times` over, each of an age that is
// wrong.
Bytes with_tickets(Bytes hello, std::size_t times) {
  std::size_t at = hello.size() - 4;  // of the extension, which is the last one
  while (hello[at] != 0 || hello[at + 1] != 0x29 ||
         (static_cast<std::size_t>(hello[at + 2]) << 8U) + hello[at + 3] != hello.size() - at - 4) {
    --at;
  }
  const std::size_t size = (static_cast<std::size_t>(hello[at + 6]) << 8U) + hello[at + 7];
  Bytes identity(hello.begin() + static_cast<std::ptrdiff_t>(at) + 6,
                 hello.begin() + static_cast<std::ptrdiff_t>(at + 8 + size + 4));
  identity[identity.size() - 4] ^= 0x80U;
  Writer out;
  out.u16be(static_cast<std::uint16_t>(identity.size() * times));
  for (std::size_t i = 0; i < times; ++i) out.bytes(identity);
  out.u16be(static_cast<std::uint16_t>(33 * times));
  for (std::size_t i = 0; i < times; ++i) out.u8(32).zeros(32);
  const Bytes body = std::move(out).take();
  const std::size_t before = hello.size();
  hello.resize(at + 2);
  append(hello, std::move(Writer().u16be(static_cast<std::uint16_t>(body.size()))).take());
  append(hello, body);
  const auto more = [&](std::size_t where, std::size_t width) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = (value << 8U) | hello[where + i];
    value += hello.size() - before;
    for (std::size_t i = width; i > 0; --i, value >>= 8U) {
      hello[where + i - 1] = static_cast<std::uint8_t>(value);
    }
  };
  std::size_t extensions = 9 + 2 + 32;
  extensions += 1U + hello[extensions];
  extensions += 2U + (static_cast<std::size_t>(hello[extensions]) << 8U) + hello[extensions + 1];
  extensions += 1U + hello[extensions];
  more(3, 2);
  more(6, 3);
  more(extensions, 2);
  return hello;
}

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

TEST_CASE("a ClientHello full of tickets is looked into a few times, and costs no more than that") {
  ResumedWorld world;
  const auto looks_at = [&](std::size_t times) {
    Session guest = Session::client(world.guest(world.wallet_with_ticket())).value();
    Session broker = Session::server(world.broker()).value();
    const Bytes hello = with_tickets(output_of(guest), times);
    const int before = world.clock.asked();
    broker.feed(hello);
    broker.advance();
    CHECK(broker.state() == State::handshaking);
    CHECK_FALSE(broker.output().empty());  // it goes on, without a ticket
    return world.clock.asked() - before;
  };
  static_cast<void>(looks_at(1));
  const int one = looks_at(1);
  REQUIRE(one > 0);
  CHECK(looks_at(3) == 3 * one);
  CHECK(looks_at(30) == 4 * one);
}

TEST_CASE("attack 10: a guest with a ticket goes over a HelloRetryRequest to a full handshake") {
  static constexpr std::array<std::uint16_t, 2> kOnly{MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  const auto reports = world.world.processor().signed_reports();
  RawTlsOptions options;
  options.server = true;
  options.identity = world.world.broker().get();
  options.groups = kOnly.data();
  RawTls server(options);
  Session guest = Session::client(world.guest(wallet)).value();
  server.run(guest);
  REQUIRE(guest.state() == State::open);
  CHECK_FALSE(guest.peer()->resumed_after());
  CHECK(world.world.processor().signed_reports() == reports + 1);
  CHECK_FALSE(server.peer_certificate().empty());
}
