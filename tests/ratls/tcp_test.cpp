#include <catch2/catch_test_macros.hpp>

#include <array>
#include <thread>

#include <ratls/tcp.h>

using namespace ratls;
using namespace std::chrono_literals;

namespace {

TcpListener listen_on_loopback() {
  return TcpListener::bind({"127.0.0.1", 0}).value();
}

struct Streams {
  std::unique_ptr<Transport> near;
  std::unique_ptr<Transport> far;
};

Streams connected() {
  TcpListener listener = listen_on_loopback();
  auto near = TcpStream::connect(listener.address(), after(5s)).value();
  auto far = listener.accept(after(5s)).value();
  return {std::move(near), std::move(far)};
}

}  // namespace

TEST_CASE("addresses are host:port, with brackets around IPv6") {
  CHECK(Address::parse("broker.internal:8443").value().host == "broker.internal");
  CHECK(Address::parse("127.0.0.1:1").value().port == 1);
  CHECK(Address::parse("[::1]:65535").value().host == "::1");
  CHECK(Address::parse(":0").value().host.empty());
  CHECK(Address::parse("[::1]:8443").value().text() == "[::1]:8443");
}

TEST_CASE("a limit of one peer is one of an IPv6 network of 64 bits, and of one IPv4 address") {
  CHECK(peer_id("[2001:db8::1]:1") == peer_id("[2001:db8:0:0:ffff::2]:2"));
  CHECK(peer_id("[2001:db8::1]:1") != peer_id("[2001:db8:0:1::1]:1"));
  CHECK(peer_id("[fe80::1%eth0]:1") == peer_id("[fe80::2]:1"));
  CHECK(peer_id("10.0.0.1:1") == peer_id("10.0.0.1:65535"));
  CHECK(peer_id("10.0.0.1:1") != peer_id("10.0.0.2:1"));
  CHECK(peer_id("10.0.0.1:1") == peer_id("[::ffff:10.0.0.1]:1"));
  CHECK(peer_id("[::ffff:10.0.0.1]:1") != peer_id("[::ffff:10.0.0.2]:1"));
  CHECK(peer_id("[::1]:1") != peer_id("[::ffff:0.0.0.1]:1"));
  CHECK(peer_id("unix-uid-1000:7") == peer_id("unix-uid-1000:8"));
  CHECK(peer_id("unix-uid-1000:7") != peer_id("unix-uid-1001:7"));
  for (const char* text : {"", ":", "[", "[]:1", "[%]:1", "unknown:0", "[not an address]:1"}) {
    CHECK(peer_id(text) == peer_id(text));
  }
  CHECK(peer_id(std::string(4096, 'x') + ":1") != peer_id("x:1"));
}

TEST_CASE("what is not an address is refused") {
  for (const char* text : {"", "host", "host:", "host:x", "host:65536", "host:-1", "host:1x",
                           "::1:80", "1:2:3", "host: 1"}) {
    CAPTURE(text);
    const auto parsed = Address::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().reason() == Reason::invalid_config);
  }
  CHECK_FALSE(Address::parse(std::string(400, 'a') + ":1"));
}

TEST_CASE("bytes arrive in order, and the end of sending is read as the end") {
  Streams streams = connected();
  const Bytes sent(300000, 0x5a);
  std::thread writer([&] {
    const auto written = streams.near->write(sent, after(5s));
    CHECK(written.has_value());
    streams.near->end_writing();
  });
  Bytes received;
  std::array<std::uint8_t, 4096> buffer{};
  while (true) {
    const std::size_t got = streams.far->read(buffer, after(5s)).value();
    if (got == 0) break;
    append(received, ByteView(buffer).first(got));
  }
  writer.join();
  CHECK(received == sent);
  // Ending one side leaves the other one open.
  CHECK(streams.far->write(as_bytes("answer"), after(5s)));
  CHECK(streams.near->read(buffer, after(5s)).value() == 6);
}

TEST_CASE("a silent peer ends in a timeout, not in a hang") {
  Streams streams = connected();
  std::array<std::uint8_t, 8> buffer{};
  const auto start = std::chrono::steady_clock::now();
  const auto got = streams.far->read(buffer, after(50ms));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == Errc::timeout);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("nobody listening is a connection that failed, and says where") {
  Address address;
  {
    TcpListener listener = listen_on_loopback();
    address = listener.address();
  }
  const auto stream = TcpStream::connect(address, after(2s));
  REQUIRE_FALSE(stream);
  CHECK(stream.error().reason() == Reason::connection_failed);
  CHECK(stream.error().detail().find(address.text()) != std::string::npos);
}

TEST_CASE("an accept that nobody answers times out") {
  TcpListener listener = listen_on_loopback();
  const auto stream = listener.accept(after(20ms));
  REQUIRE_FALSE(stream);
  CHECK(stream.error().kind() == Errc::timeout);
}

TEST_CASE("a port that is taken cannot be bound again") {
  TcpListener first = listen_on_loopback();
  const auto second = TcpListener::bind(first.address());
  REQUIRE_FALSE(second);
  CHECK(second.error().reason() == Reason::connection_failed);
}
