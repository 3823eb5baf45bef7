// A TLS library that uses another PSK than it was given, or one where none belongs: the linker puts
// these tests between the engine and what it reads of mbedTLS.
#include <catch2/catch_test_macros.hpp>

#include <ratls/detail/peek.h>

#include "resumed_world.h"

using namespace ratls;
using ratls::test::ResumedWorld;
using State = Session::State;

namespace {

enum class Lie : std::uint8_t { none, other_key, psk_without_ticket, no_psk };

Lie lie = Lie::none;
int lying_side = MBEDTLS_SSL_IS_SERVER;

struct Lying {
  Lying(Lie kind, int side) {
    lie = kind;
    lying_side = side;
  }
  Lying(const Lying&) = delete;
  Lying& operator=(const Lying&) = delete;
  ~Lying() { lie = Lie::none; }
};

}  // namespace

extern "C" {

std::size_t __real_ratls_peek_psk(const mbedtls_ssl_context* ssl, std::uint8_t out[48]);

std::size_t __wrap_ratls_peek_psk(const mbedtls_ssl_context* ssl, std::uint8_t out[48]) {
  const std::size_t size = __real_ratls_peek_psk(ssl, out);
  const mbedtls_ssl_config* config = mbedtls_ssl_context_get_config(ssl);
  if (config == nullptr || config->private_endpoint != lying_side) return size;
  // Where the handshake is over only: before that it is asked for something else.
  if (lie == Lie::none || ratls_peek_state(ssl) < MBEDTLS_SSL_HANDSHAKE_OVER) return size;
  if (lie == Lie::no_psk) return 0;
  out[0] ^= 1U;
  return lie == Lie::psk_without_ticket ? 32 : size;
}

}  // extern "C"

namespace {

/// Neither side may open, and neither application be heard or served.
void nothing_opens(Session& guest, Session& broker, int side) {
  ratls::test::run(guest, broker);
  Session& liar = side == MBEDTLS_SSL_IS_SERVER ? broker : guest;
  CHECK(liar.state() == State::failed);
  CHECK(liar.peer() == nullptr);
  CHECK_FALSE(liar.write(as_bytes("secret")));
  const auto accepted = guest.poll_acceptance();
  CHECK_FALSE((accepted && *accepted));
}

}  // namespace

TEST_CASE("attack 20: a PSK that is not the ticket's resumes nothing, on either side") {
  for (const int side : {MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_IS_CLIENT}) {
    ResumedWorld world;
    const auto wallet = world.wallet_with_ticket();
    const Lying lying(Lie::other_key, side);
    Session guest = Session::client(world.guest(wallet)).value();
    Session broker = Session::server(world.broker()).value();
    nothing_opens(guest, broker, side);
  }
}

TEST_CASE("attack 20: a PSK in a handshake that nobody gave a ticket for opens nothing") {
  for (const int side : {MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_IS_CLIENT}) {
    ResumedWorld world;
    const Lying lying(Lie::psk_without_ticket, side);
    Session guest = Session::client(world.world.guest_config()).value();
    Session broker = Session::server(world.world.broker_config()).value();
    nothing_opens(guest, broker, side);
  }
}

TEST_CASE("attack 20: a resumed handshake that says it is a full one opens nothing") {
  for (const int side : {MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_IS_CLIENT}) {
    ResumedWorld world;
    const auto wallet = world.wallet_with_ticket();
    const Lying lying(Lie::no_psk, side);
    Session guest = Session::client(world.guest(wallet)).value();
    Session broker = Session::server(world.broker()).value();
    ratls::test::run(guest, broker);
    Session& liar = side == MBEDTLS_SSL_IS_SERVER ? broker : guest;
    CHECK(liar.state() != State::open);
    CHECK(liar.peer() == nullptr);
  }
}

TEST_CASE("the tests above are about lies: without one the same handshakes are resumed") {
  ResumedWorld world;
  const ratls::test::AcceptedPair pair(world.guest(world.wallet_with_ticket()), world.broker());
  CHECK(pair.open());
  CHECK(pair.resumed());
}
