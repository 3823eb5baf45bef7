// Hostile bytes against a session in memory.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "attested_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using ratls::test::AttestedWorld;
using Steady = std::chrono::steady_clock;
using State = Session::State;

namespace {

const AttestedWorld& world() {
  static const AttestedWorld world;
  return world;
}

/// The first bytes of an honest guest.
Bytes client_hello() {
  Session client = Session::client(world().guest_config()).value();
  client.advance();
  const ByteView out = client.output();
  return {out.begin(), out.end()};
}

/// What a server session makes of bytes from a stranger, fed in pieces of `piece`.
Session met(ByteView bytes, std::size_t piece) {
  Session server = Session::server(world().broker_config()).value();
  while (!bytes.empty()) {
    const std::size_t count = std::min(piece, bytes.size());
    const std::size_t taken = server.feed(bytes.first(count));
    server.advance();
    bytes = bytes.subspan(std::max<std::size_t>(taken, 1));
  }
  return server;
}

/// The same handshake bytes, each in a record of its own.
Bytes in_tiny_records(ByteView record) {
  Bytes out;
  for (const std::uint8_t byte : record.subspan(5)) {
    append(out, std::array<std::uint8_t, 5>{0x16, 0x03, 0x01, 0x00, 0x01});
    out.push_back(byte);
  }
  return out;
}

}  // namespace

TEST_CASE("a first byte that is no TLS ends a session with an alert") {
  for (const std::string_view first : {"GET / HTTP/1.1\r\n\r\n"sv, "SSH-2.0-x\r\n"sv,
                                       "\x80\x2e\x01\x00\x02"sv, "\x00\x00\x00\x00\x00"sv}) {
    const Session server = met(as_bytes(first), 1000);
    CHECK(server.state() == State::failed);
    CHECK(server.failure()->reason() == Reason::tls_failed);
    REQUIRE(server.output().size() == 7);
    CHECK(server.output()[0] == 0x15);
  }
}

TEST_CASE("a handshake message that claims 16 MiB is refused without waiting for it") {
  Bytes hello = client_hello();
  for (const std::size_t at : {6U, 7U, 8U}) hello[at] = 0xff;  // RFC 8446, 4: uint24 length
  Session server = met(hello, hello.size());
  Bytes more{0x16, 0x03, 0x03, 0x40, 0x00};
  more.resize(5 + 16384, 0x61);
  std::size_t fed = 0;
  while (server.state() == State::handshaking && fed < (1U << 20U)) {
    fed += server.feed(more);
    server.advance();
  }
  CHECK(server.state() == State::failed);
  CHECK(fed < 65536);
}

TEST_CASE("an extension that claims more than its message holds is refused") {
  const Bytes honest_hello = client_hello();
  std::size_t refused = 0;
  std::size_t tried = 0;
  // Every 16-bit length that the message may hold, set to 65,535.
  for (std::size_t at = 43; at + 1 < honest_hello.size(); ++at) {
    Bytes hello = honest_hello;
    hello[at] = hello[at + 1] = 0xff;
    const Session server = met(hello, hello.size());
    ++tried;
    refused += server.state() == State::failed ? 1U : 0U;
    CHECK((server.state() == State::failed || server.state() == State::handshaking));
  }
  CHECK(refused > tried / 4);
}

TEST_CASE("a ClientHello in records of one byte is read or refused, in no time") {
  const auto start = Steady::now();
  const Bytes tiny = in_tiny_records(client_hello());
  const Session server = met(tiny, 1);
  CHECK(Steady::now() - start < 2s);
  // mbedTLS joins them: the server has answered, or it has said no.
  CHECK(!server.output().empty());
}

TEST_CASE("application bytes in records of one byte arrive whole") {
  ratls::test::SessionPair pair(world().guest_config(), world().broker_config());
  REQUIRE(pair.client.poll_acceptance().value());
  std::string sent;
  std::string got;
  for (int i = 0; i < 5000; ++i) {
    const std::array<std::uint8_t, 1> byte{static_cast<std::uint8_t>('a' + i % 26)};
    REQUIRE(pair.client.write(byte));
    sent += static_cast<char>(byte[0]);
    if (i % 500 == 499) got += ratls::test::read_text(pair.server, pair.client).value();
  }
  CHECK(got == sent);
}
