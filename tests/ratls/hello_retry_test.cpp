// A server that sends its guest back for another key share (RFC 8446, 4.1.4), where the guest shows
// a ticket of that server's: the linker puts these tests between the engine and its groups.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include <mbedtls/ssl.h>

#include "resumed_world.h"

using namespace ratls;
using ratls::test::AcceptedPair;
using ratls::test::ResumedWorld;
using State = Session::State;

namespace {

constexpr std::array<std::uint16_t, 2> kLast{MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                             MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

bool narrow = false;

/// While it lives, a new server has only the group that no client sends a key share of unasked.
struct Narrow {
  Narrow() { narrow = true; }
  Narrow(const Narrow&) = delete;
  Narrow& operator=(const Narrow&) = delete;
  ~Narrow() { narrow = false; }
};

// RFC 8446, 4.1.3: the SHA-256 of "HelloRetryRequest" in the place of the server's random.
bool is_retry(ByteView flight) {
  constexpr std::array<std::uint8_t, 4> kRandom{0xcf, 0x21, 0xad, 0x74};
  constexpr std::size_t kOffset = 5 + 4 + 2;
  if (flight.size() < kOffset + kRandom.size()) return false;
  return equal_ct(flight.subspan(kOffset, kRandom.size()), kRandom);
}

// pre_shared_key comes last (RFC 8446, 4.2.11).
bool shows_ticket(ByteView hello, ByteView client_session) {
  const auto ticket = client_session.last(32);
  return std::search(hello.begin(), hello.end(), ticket.begin(), ticket.end()) != hello.end();
}

}  // namespace

extern "C" {

void __real_ratls_mbedtls_ssl_conf_groups(mbedtls_ssl_config* config, const std::uint16_t* groups);

void __wrap_ratls_mbedtls_ssl_conf_groups(mbedtls_ssl_config* config, const std::uint16_t* groups) {
  const bool server = config->private_endpoint == MBEDTLS_SSL_IS_SERVER;
  __real_ratls_mbedtls_ssl_conf_groups(config, narrow && server ? kLast.data() : groups);
}

}  // extern "C"

namespace {

/// A guest with a ticket, sent back by its broker: both hellos, and how it ended.
struct SentBack {
  SentBack(ResumedWorld& world, const ServerConfig& config, const std::function<void()>& between) {
    const auto wallet = world.wallet_with_ticket();
    session = world.session_in(wallet);
    guest.emplace(Session::client(world.guest(wallet)).value());
    {
      const Narrow groups;
      broker.emplace(Session::server(config).value());
    }
    first = ratls::test::output_of(*guest);
    broker->feed(first);
    const Bytes retry = ratls::test::output_of(*broker);
    REQUIRE(is_retry(retry));
    between();
    guest->feed(retry);
    second = ratls::test::output_of(*guest);
    broker->feed(second);
    ratls::test::run(*guest, *broker);
  }
  std::optional<Session> guest;
  std::optional<Session> broker;
  Bytes session;
  Bytes first;
  Bytes second;
};

}  // namespace

TEST_CASE("attack 10: a guest that is sent back shows its ticket again, and is judged by it") {
  ResumedWorld world;
  SentBack sent(world, world.broker(), [] {});
  REQUIRE(shows_ticket(sent.first, sent.session));
  REQUIRE(shows_ticket(sent.second, sent.session));
  REQUIRE(sent.broker->state() == State::open);
  CHECK(sent.guest->poll_acceptance().value());
  REQUIRE(sent.broker->verdict() != nullptr);
  CHECK(sent.broker->verdict()->resumed_after);
  CHECK(sent.broker->peer()->attested()->level() == Level::resumed);
  CHECK(sent.guest->peer()->resumed_after());
}

TEST_CASE("attack 10: a ticket that dies between two hellos ends in fresh evidence") {
  ResumedWorld world;
  SentBack sent(world, world.broker(), [&] { world.issuer->forget_all(); });
  REQUIRE(sent.broker->state() == State::open);
  CHECK_FALSE(sent.broker->peer()->resumed_after());
  CHECK(sent.broker->peer()->attested()->level() == Level::exporter);
  CHECK(sent.guest->poll_acceptance().value());
}

TEST_CASE("attack 10: a policy that is replaced between two hellos ends in fresh evidence") {
  ResumedWorld world;
  SentBack sent(world, world.broker(),
                [&] { world.verifier->replace_policy(world.world.policy()); });
  REQUIRE(sent.broker->state() == State::open);
  CHECK_FALSE(sent.broker->peer()->resumed_after());
  CHECK(sent.broker->peer()->attested()->level() == Level::exporter);
}

TEST_CASE("attack 1: a ticket that is used up between two hellos opens no second session") {
  ResumedWorld world;
  const auto wallet = world.wallet_with_ticket();
  const auto copy = world.copy_of(wallet);
  std::optional<Session> late;
  {
    const Narrow groups;
    late.emplace(Session::server(world.broker()).value());
  }
  Session guest = Session::client(world.guest(wallet)).value();
  late->feed(ratls::test::output_of(guest));
  guest.feed(ratls::test::output_of(*late));
  const Bytes second = ratls::test::output_of(guest);
  const AcceptedPair thief(world.guest(copy), world.broker());
  REQUIRE(thief.resumed());
  late->feed(second);
  ratls::test::run(guest, *late);
  REQUIRE(late->state() == State::open);
  CHECK_FALSE(late->peer()->resumed_after());
}
