// What skips appraisal in stock TLS: tickets, PSKs, early data, older versions; and the path over a
// HelloRetryRequest. The other end is mbedTLS with all of it switched on.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/x509.h>
#include <ratls/verify/evidence_leaf.h>

#include "attested_world.h"
#include "raw_tls.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::RawTls;
using ratls::test::RawTlsOptions;
using ratls::test::TicketDesk;
using State = Session::State;

namespace {

ServerConfig by_key(const AttestedWorld& world) {
  return ServerConfig(world.broker(), AcceptKey{world.visitor()->spki_sha256()});
}

// As it is by default, and one that gives tickets.
ServerConfig broker(const AttestedWorld& world, bool gives_tickets) {
  ServerConfig out = world.broker_config();
  if (gives_tickets) out.tickets = TicketIssuer::create().value();
  return out;
}

RawTlsOptions raw_server(const AttestedWorld& world, TicketDesk* desk) {
  RawTlsOptions options;
  options.server = true;
  options.identity = world.broker().get();
  options.desk = desk;
  return options;
}

/// A ticket that a server with the broker's key and `desk` gave.
struct Ticket {
  Ticket(const AttestedWorld& world, TicketDesk& desk) {
    RawTls server(raw_server(world, &desk));
    RawTls client(RawTlsOptions{});
    client.run(server);
    INFO(client.failed() << " " << server.failed());
    REQUIRE(client.tickets() > 0);
    session = client.take_session();
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() { mbedtls_ssl_session_free(&session); }
  mbedtls_ssl_session session{};
};

Bytes output_of(Session& session) {
  session.advance();
  Bytes out(session.output().begin(), session.output().end());
  session.sent(out.size());
  return out;
}

std::size_t find(ByteView bytes, ByteView part) {
  const auto at = std::search(bytes.begin(), bytes.end(), part.begin(), part.end());
  REQUIRE(at != bytes.end());
  return static_cast<std::size_t>(at - bytes.begin());
}

// Adds to the big-endian number of `size` bytes at `at`.
void add(Bytes& bytes, std::size_t at, std::size_t size, std::size_t more) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | bytes[at + i];
  value += more;
  for (std::size_t i = size; i > 0; --i, value >>= 8U) {
    bytes[at + i - 1] = static_cast<std::uint8_t>(value);
  }
}

// Puts `extension` before the one that begins with `before`, in the hello in the first record.
// `sizes` is where the size of all extensions stands.
Bytes with_extension(Bytes flight, const Bytes& before, const Bytes& extension, std::size_t sizes) {
  const std::size_t at = find(flight, before);
  flight.insert(flight.begin() + static_cast<std::ptrdiff_t>(at), extension.begin(),
                extension.end());
  add(flight, 3, 2, extension.size());
  add(flight, 6, 3, extension.size());
  add(flight, sizes, 2, extension.size());
  return flight;
}

// Behind record, message, version, random and session id: cipher suites, then compression.
std::size_t client_sizes(ByteView hello) {
  std::size_t at = 9 + 2 + 32;
  at += 1U + hello[at];
  at += 2U + (static_cast<std::size_t>(hello[at]) << 8U) + hello[at + 1];
  return at + 1U + hello[at];
}

std::size_t server_sizes(ByteView hello) {
  const std::size_t at = 9 + 2 + 32;
  return at + 1U + hello[at] + 2 + 1;
}

}  // namespace

TEST_CASE("mbedTLS itself gives tickets and resumes without a certificate: what is switched off") {
  AttestedWorld world;
  TicketDesk desk;
  const Ticket ticket(world, desk);
  RawTls server(raw_server(world, &desk));
  RawTlsOptions again;
  again.resume = &ticket.session;
  RawTls client(again);
  client.run(server);
  CHECK(client.over());
  CHECK(desk.offered == 1);
  // The certificate of the first session is still told, and nobody was asked about it.
  CHECK(client.judged() == 0);
  CHECK_FALSE(client.peer_certificate().empty());
}

TEST_CASE("attack 32: no client gets a ticket, refused or accepted, however it asks") {
  AttestedWorld world;
  RawTlsOptions asking;
  asking.identity = world.visitor().get();
  const ServerConfig configs[] = {by_key(world), world.broker_config()};
  for (const ServerConfig& config : configs) {
    for (const unsigned modes : {MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL,
                                 MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL}) {
      asking.modes = modes;
      RawTls client(asking);
      Session server = Session::server(config).value();
      client.run(server);
      REQUIRE(client.over());
      if (server.state() == State::open) {
        REQUIRE(server.write(as_bytes("accepted")));
        client.run(server);
        CHECK(client.text() == "accepted");
      } else {
        CHECK(server.state() == State::refusing);
        CHECK(client.failed() == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
      }
      CHECK(client.tickets() == 0);
    }
  }
}

TEST_CASE("attack 10: a ticket of the same key is not taken, with or without a way back") {
  AttestedWorld world;
  const bool tickets = GENERATE(false, true);
  TicketDesk desk;
  const Ticket ticket(world, desk);
  for (const unsigned modes : {MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL,
                               MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL}) {
    RawTlsOptions again;
    again.resume = &ticket.session;
    again.modes = modes;
    RawTls client(again);
    Session server = Session::server(broker(world, tickets)).value();
    client.run(server);
    CHECK(server.state() != State::open);
    CHECK(server.peer() == nullptr);
    REQUIRE(server.failure() != nullptr);
    CHECK(client.failed() != 0);
    CHECK(client.text().empty());
  }
}

TEST_CASE("attack 10: an external PSK opens nothing, and no certificate is spared by it") {
  AttestedWorld world;
  const bool tickets = GENERATE(false, true);
  RawTlsOptions options;
  options.psk = true;
  for (const unsigned modes : {MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL,
                               MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL}) {
    options.modes = modes;
    RawTls client(options);
    Session server = Session::server(broker(world, tickets)).value();
    client.run(server);
    CHECK(server.state() != State::open);
    CHECK(server.peer() == nullptr);
    CHECK(server.failure() != nullptr);
    CHECK(client.failed() != 0);
  }
}

TEST_CASE("attack 10: tickets that a server gives are dropped, and never shown to it") {
  AttestedWorld world;
  TicketDesk desk;
  for (int i = 0; i < 2; ++i) {
    RawTls server(raw_server(world, &desk));
    Session client =
        Session::client(ClientConfig(Anonymous{}, AcceptKey{world.broker()->spki_sha256()}))
            .value();
    server.run(client);
    REQUIRE(client.state() == State::open);
    REQUIRE(server.over());
    server.write("behind the tickets");
    server.run(client);
    std::array<std::uint8_t, 64> buffer{};
    const auto got = client.read(buffer);
    REQUIRE(got);
    CHECK(to_string(ByteView(buffer).first(got->size)) == "behind the tickets");
  }
  CHECK(desk.offered == 0);
}

TEST_CASE("attack 10: a server that picks a PSK which nobody offered is refused") {
  AttestedWorld world;
  Session client = Session::client(world.guest_config()).value();
  Session server = Session::server(world.broker_config()).value();
  server.feed(output_of(client));
  const Bytes flight = output_of(server);
  const Bytes version{0x00, 0x2b, 0x00, 0x02, 0x03, 0x04};
  const Bytes psk{0x00, 0x29, 0x00, 0x02, 0x00, 0x00};
  client.feed(with_extension(flight, version, psk, server_sizes(flight)));
  CHECK(client.advance() == State::failed);
  CHECK_FALSE(client.output().empty());  // an alert
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("attack 10: early data is neither promised nor read") {
  AttestedWorld world;
  const bool tickets = GENERATE(false, true);
  Session client = Session::client(world.guest_config()).value();
  Session server = Session::server(broker(world, tickets)).value();
  const Bytes hello = output_of(client);
  const Bytes versions{0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04};
  Bytes early = with_extension(hello, versions, {0x00, 0x2a, 0x00, 0x00}, client_sizes(hello));
  const Bytes record{0x17, 0x03, 0x03, 0x00, 0x20};
  append(early, record);
  append(early, Bytes(32, 0x55));
  server.feed(early);
  server.advance();
  ratls::test::run(client, server);
  CHECK(server.state() == State::failed);
  CHECK(server.peer() == nullptr);
  CHECK(client.state() != State::open);
  std::array<std::uint8_t, 64> buffer{};
  CHECK_FALSE(server.read(buffer));
}

TEST_CASE("attack 10: TLS 1.2 is neither offered, accepted nor fallen back to") {
  AttestedWorld world;
  const bool tickets = GENERATE(false, true);
  Session client = Session::client(world.guest_config()).value();
  Bytes hello = output_of(client);
  const Bytes versions{0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04};
  Bytes older = hello;
  older[find(older, versions) + 6] = 0x03;
  Session server = Session::server(broker(world, tickets)).value();
  server.feed(older);
  CHECK(server.advance() == State::failed);
  CHECK_FALSE(server.output().empty());  // an alert
  Session honest = Session::server(broker(world, tickets)).value();
  honest.feed(hello);
  Bytes flight = output_of(honest);
  const Bytes version{0x00, 0x2b, 0x00, 0x02, 0x03, 0x04};
  flight[find(flight, version) + 5] = 0x03;
  client.feed(flight);
  CHECK(client.advance() == State::failed);
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("attack 10: evidence over a HelloRetryRequest is bound to the session that came of it") {
  AttestedWorld world;
  static constexpr std::array<std::uint16_t, 2> kOnly{MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
  RawTlsOptions options = raw_server(world, nullptr);
  options.groups = kOnly.data();
  RawTls server(options);
  Session guest = Session::client(world.guest_config()).value();
  server.run(guest);
  REQUIRE(guest.state() == State::open);
  REQUIRE(server.over());
  const Bytes der = server.peer_certificate();
  const auto certificate = Certificate::parse(der, Reason::malformed_certificate).value();
  const auto leaf = read_evidence_leaf(certificate).value();
  const SpkiHash hash = hash_spki(leaf.spki);
  SessionView view{leaf.spki, Role::client, Level::exporter,
                   server.exported("EXPERIMENTAL-ratls-v1-client", hash.view())};
  CHECK(world.verifier()->verify(leaf.evidence, view).accepted);
  view.binder.mutable_view()[0] ^= 1U;
  const auto other = world.verifier()->verify(leaf.evidence, view);
  CHECK(other.verdict.reason == Reason::binding_mismatch);
}
