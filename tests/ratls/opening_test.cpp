// Opening: how much of a server's time one connection can have on its way to a channel.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <optional>
#include <utility>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <ratls/detail/opening.h>

#include "framed_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::detail::Opening;
using ratls::test::AttestedWorld;

namespace {

// The most that one look at a connection may read.
constexpr std::size_t kOneLook = 65536;

AttestedWorld& world() {
  static AttestedWorld world;
  return world;
}

/// A connection, and its peer's end.
struct Caller {
  explicit Caller(const ServerConfig& config) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    peer = Descriptor(ends[0]);
    const int wide = 1 << 20;
    ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDBUF, &wide, sizeof wide);
    auto shared = std::make_shared<const ServerConfig>(config);
    inside.emplace(Descriptor(ends[1]), "caller", Session::server(*shared).value(), shared);
  }
  /// Sends `unit` until there is no room; how many bytes now wait to be read.
  std::size_t flood(ByteView unit) const {
    Bytes chunk;
    while (chunk.size() < 8192) append(chunk, unit);
    while (::send(peer.get(), chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
    }
    return waiting();
  }
  [[nodiscard]] std::size_t waiting() const {
    int out = 0;
    REQUIRE(::ioctl(inside->socket(), FIONREAD, &out) == 0);
    return static_cast<std::size_t>(out);
  }
  Descriptor peer;
  std::optional<Opening> inside;
};

// RFC 8446, 5: these are ignored before the handshake is over.
const Bytes kChangeCipherSpec{0x14, 0x03, 0x03, 0x00, 0x01, 0x01};
const Bytes kWarning{0x15, 0x03, 0x03, 0x00, 0x02, 0x01, 0x5a};

}  // namespace

TEST_CASE("one look at a connection ends after 64 KiB, however much its peer has sent") {
  for (const Bytes& unit : {kChangeCipherSpec, kWarning}) {
    Caller caller(world().broker_config());
    const std::size_t before = caller.flood(unit);
    REQUIRE(before > 2 * kOneLook);
    static_cast<void>(caller.inside->advance());
    CHECK(caller.waiting() + kOneLook >= before);
  }
}

TEST_CASE("a peer that sends records without meaning for ever is given up") {
  for (const Bytes& unit : {kChangeCipherSpec, kWarning}) {
    Caller caller(world().broker_config());
    auto state = Opening::State::going_on;
    for (int looks = 0; looks < 100 && state == Opening::State::going_on; ++looks) {
      caller.flood(unit);
      state = caller.inside->advance();
    }
    CHECK(state == Opening::State::over);
    REQUIRE(caller.inside->failed() != nullptr);
    CHECK(caller.inside->failed()->reason() == Reason::tls_failed);
  }
}

TEST_CASE("a deadline ends a connection whose peer never stops sending") {
  ServerConfig config = ratls::test::framed_broker(world());
  config.timeouts.handshake = 0ms;
  Caller caller(config);
  caller.flood(kChangeCipherSpec);
  CHECK(caller.inside->advance() == Opening::State::over);
  CHECK(caller.inside->failed()->reason() == Reason::handshake_timeout);
}
