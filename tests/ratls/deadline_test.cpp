// One limit over everything that a call waits for, whatever the peer drips meanwhile.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>

#include "attested_world.h"
#include "one_server.h"
#include "shared_stream.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::AttestedWorld;
using ratls::test::Drip;
using ratls::test::hold;
using ratls::test::OneServer;
using ratls::test::SharedStream;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kShort = 300ms;
// A dripping peer could go on for minutes; a loaded machine may take this long for a short limit.
constexpr auto kSoon = 15s;

const AttestedWorld& world() {
  static const AttestedWorld world;
  return world;
}

/// The first bytes of a TLS record of 16 KiB, which then never becomes whole.
constexpr std::array<std::uint8_t, 5> kHandshakeRecord{0x16, 0x03, 0x03, 0x40, 0x00};
constexpr std::array<std::uint8_t, 5> kDataRecord{0x17, 0x03, 0x03, 0x40, 0x00};

Bytes endless(std::span<const std::uint8_t> head) {
  Bytes out(head.begin(), head.end());
  out.resize(16384, 0x01);
  return out;
}

void wait_for_end(Transport& stream) {
  std::array<std::uint8_t, 4096> buffer{};
  while (true) {
    const auto got = stream.read(buffer, after(60s));
    if (!got || *got == 0) return;
  }
}

/// A client and a server with an open channel each; the server's stream is at hand beneath it.
struct OpenPair {
  explicit OpenPair(std::chrono::milliseconds idle)
      : server([this](std::unique_ptr<Transport> stream) {
          wire = std::move(stream);
          auto opened = accept_over(std::make_unique<SharedStream>(wire), world().broker_config());
          hold(opened.channel);
          std::array<std::uint8_t, 1> hello{};
          hold(opened.channel->read(hello));
          serve(*wire);
        }) {
    ClientConfig config = world().guest_config();
    config.timeouts.idle = idle;
    auto opened = connect(server.address(), config);
    REQUIRE(opened.channel);
    channel.emplace(std::move(opened.channel).value());
    REQUIRE(channel->accepted());
  }

  OpenPair(const OpenPair&) = delete;
  OpenPair& operator=(const OpenPair&) = delete;
  ~OpenPair() { channel.reset(); }  // the server's thread waits for it

  std::function<void(Transport&)> serve;
  std::shared_ptr<Transport> wire;
  std::optional<Channel> channel;
  OneServer server;
};

}  // namespace

TEST_CASE("a handshake has ten seconds, and twenty where a configuration awaits evidence") {
  const AcceptKey key{world().broker()->spki_sha256()};
  const AcceptEvidence evidence{world().verifier()};
  CHECK(handshake_limit(ClientConfig(Anonymous{}, key)) == 10s);
  CHECK(handshake_limit(ClientConfig(world().visitor(), key)) == 10s);
  CHECK(handshake_limit(ClientConfig(Anonymous{}, evidence)) == 20s);
  CHECK(handshake_limit(ClientConfig(world().guest(), key)) == 20s);
  CHECK(handshake_limit(ServerConfig(world().broker(), key)) == 10s);
  CHECK(handshake_limit(ServerConfig(world().broker(), evidence)) == 20s);
  CHECK(handshake_limit(ServerConfig(world().guest(), key)) == 20s);
  ClientConfig framed(Anonymous{}, key);
  framed.framing = Framing::framed;
  framed.after_handshake.answers = world().guest();
  CHECK(handshake_limit(framed) == 20s);
  framed.after_handshake = {};
  framed.after_handshake.demand = world().verifier();
  CHECK(handshake_limit(framed) == 20s);
  framed.timeouts.handshake = 3s;
  CHECK(handshake_limit(framed) == 3s);
}

TEST_CASE("a session knows when it must be open, and no byte of the peer's moves that") {
  AttestedWorld slow;
  slow.gate().shut();
  Session client = Session::client(slow.guest_config()).value();
  Session server = Session::server(slow.broker_config()).value();
  const auto due = client.deadline();
  REQUIRE(due);
  CHECK(*due <= after(20s));
  CHECK(*due > after(10s));
  client.advance();
  test::pump(client, server);
  server.advance();
  test::pump(server, client);
  CHECK((client.advance() == Session::State::awaiting_evidence));
  CHECK((client.deadline() == due));
  CHECK((client.expire() == Session::State::awaiting_evidence));  // it is not due yet
  slow.gate().open();
  test::run(client, server);
  REQUIRE(client.state() == Session::State::open);
  CHECK_FALSE(client.deadline());
  CHECK(client.expire() == Session::State::open);
}

TEST_CASE("a session that is not open in time fails, and says whether the firmware is to blame") {
  AttestedWorld slow;
  ClientConfig config = slow.guest_config();
  config.timeouts.handshake = 0ms;
  Session silent = Session::client(config).value();
  CHECK(silent.expire() == Session::State::failed);
  CHECK(silent.failure()->reason() == Reason::handshake_timeout);
  slow.gate().shut();
  Session client = Session::client(config).value();
  Session server = Session::server(slow.broker_config()).value();
  client.advance();
  test::pump(client, server);
  server.advance();
  test::pump(server, client);
  REQUIRE(client.advance() == Session::State::awaiting_evidence);
  CHECK(client.expire() == Session::State::failed);
  CHECK(client.failure()->reason() == Reason::evidence_timeout);
  slow.gate().open();
}

TEST_CASE("what TCP took is not given to the handshake a second time") {
  OneServer server([](std::unique_ptr<Transport> stream) { wait_for_end(*stream); });
  ClientConfig config = world().guest_config();
  config.timeouts.handshake = kShort;
  Session session = Session::client(config).value();
  const auto due = session.deadline();
  std::this_thread::sleep_for(kShort);  // as a connection that stands late
  auto stream = TcpStream::connect(server.address(), after(5s)).value();
  CHECK(session.deadline() == due);
  const auto result = finish_over(std::move(session), std::move(stream), config.timeouts);
  REQUIRE_FALSE(result.channel);
  CHECK(result.channel.error().reason() == Reason::handshake_timeout);
}

TEST_CASE("a caller's deadline ends a connect() that the configuration would let go on") {
  OneServer server([](std::unique_ptr<Transport> stream) { wait_for_end(*stream); });
  ClientConfig config = world().guest_config();
  config.timeouts.handshake = 10min;
  const auto result = connect(server.address(), config, after(kShort));
  REQUIRE_FALSE(result.channel);
  CHECK(result.channel.error().reason() == Reason::handshake_timeout);
}

TEST_CASE("a deadline that has passed connects to nobody") {
  TcpListener listener = TcpListener::bind({"127.0.0.1", 0}).value();
  const auto result = connect(listener.address(), world().guest_config(), Steady::now() - 1s);
  REQUIRE_FALSE(result.channel);
}

TEST_CASE("a server that drips its flight is given up at the client's deadline") {
  OneServer server([&](std::unique_ptr<Transport> stream) {
    const Drip drip(*stream, endless(kHandshakeRecord));
    wait_for_end(*stream);
  });
  ClientConfig config = world().guest_config();
  config.timeouts.handshake = kShort;
  const auto start = Steady::now();
  const auto result = connect(server.address(), config);
  REQUIRE_FALSE(result.channel);
  CHECK(result.channel.error().reason() == Reason::handshake_timeout);
  CHECK(Steady::now() - start < kSoon);
}

TEST_CASE("a client that drips its hello is given up at the server's deadline") {
  std::optional<Reason> reason;
  const auto start = Steady::now();
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      ServerConfig config = world().broker_config();
      config.timeouts.handshake = kShort;
      const auto result = accept_over(std::move(stream), config);
      if (!result.channel) reason = result.channel.error().reason();
    });
    auto stream = TcpStream::connect(server.address(), after(5s)).value();
    const Drip drip(*stream, endless(kHandshakeRecord));
    wait_for_end(*stream);
  }
  CHECK(reason == Reason::handshake_timeout);
  CHECK(Steady::now() - start < kSoon);
}

TEST_CASE("a read ends at its limit although a record goes on dripping in") {
  OpenPair pair(kShort);
  pair.serve = [](Transport& wire) {
    const Drip drip(wire, endless(kDataRecord));
    wait_for_end(wire);
  };
  REQUIRE(pair.channel->write(as_bytes("x")));
  std::array<std::uint8_t, 16> buffer{};
  const auto start = Steady::now();
  const auto got = pair.channel->read(buffer);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == Errc::timeout);
  CHECK(Steady::now() - start < kSoon);
  CHECK(pair.channel->write(as_bytes("x")).error().kind() == Errc::timeout);  // it is over
}

TEST_CASE("a write ends at its limit although the peer goes on taking bytes") {
  OpenPair pair(kShort);
  std::atomic<bool> over{false};
  pair.serve = [&over](Transport& wire) {
    std::array<std::uint8_t, 512> buffer{};
    while (!over) {
      std::this_thread::sleep_for(10ms);
      hold(wire.read(buffer, after(20s)));
    }
  };
  REQUIRE(pair.channel->write(as_bytes("x")));
  const auto start = Steady::now();
  const auto written = pair.channel->write(Bytes(std::size_t{64} << 20U, 0x61));
  over = true;
  REQUIRE_FALSE(written);
  CHECK(written.error().kind() == Errc::timeout);
  CHECK(Steady::now() - start < kSoon);
}

TEST_CASE("waiting for the VERDICT ends at its limit although it goes on dripping in") {
  OneServer server([](std::unique_ptr<Transport> stream) {
    Session session = Session::server(world().broker_config()).value();
    Bytes chunk(16384);
    while (session.advance() == Session::State::handshaking) {
      hold(stream->write(session.output(), after(20s)));
      session.sent(session.output().size());
      const auto got = stream->read(chunk, after(20s));
      hold(got);
      session.feed(ByteView(chunk).first(*got));
    }
    const ByteView rest = session.output();  // the VERDICT's record
    const Drip drip(*stream, {rest.begin(), rest.end()}, 200ms);
    wait_for_end(*stream);
  });
  ClientConfig config = world().guest_config();
  config.timeouts.verdict = kShort;
  auto opened = connect(server.address(), config);
  REQUIRE(opened.channel);
  const auto accepted = opened.channel->accepted();
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error().reason() == Reason::verdict_missing);
}
