// mbedTLS that does not do what it says: the exporter gives another value, and the callback that
// judges a certificate is never called.
#include <catch2/catch_test_macros.hpp>

#include <mbedtls/ssl.h>

#include "attested_world.h"
#include "mbedtls_faults.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::Exporter;
using ratls::test::LostCallback;
using ratls::test::SessionPair;
using State = Session::State;

namespace {

struct Fault {
  Fault(Exporter kind, int side) { ratls::test::set_exporter(kind, side); }
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
  ~Fault() { ratls::test::set_exporter(Exporter::honest, MBEDTLS_SSL_IS_CLIENT); }
};

}  // namespace

TEST_CASE("a guest whose exporter changed during the handshake opens nothing") {
  AttestedWorld world;
  const Fault fault(Exporter::other, MBEDTLS_SSL_IS_CLIENT);
  SessionPair pair(world.guest_config(), world.broker_config());
  CHECK(pair.client.state() == State::failed);
  CHECK(pair.client.failure()->reason() == Reason::binding_mismatch);
  CHECK(pair.client.peer() == nullptr);
}

TEST_CASE("a broker whose exporter differs from its client's refuses the evidence") {
  AttestedWorld world;
  const Fault fault(Exporter::other, MBEDTLS_SSL_IS_SERVER);
  SessionPair pair(world.guest_config(), world.broker_config());
  CHECK(pair.server.state() == State::refusing);
  CHECK(pair.server.failure()->reason() == Reason::binding_mismatch);
}

TEST_CASE("an exporter that fails opens nothing on the side that it fails on") {
  AttestedWorld world;
  for (const int side : {MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_IS_SERVER}) {
    const Fault fault(Exporter::failing, side);
    SessionPair pair(world.guest_config(), world.broker_config());
    const Session& broken = side == MBEDTLS_SSL_IS_CLIENT ? pair.client : pair.server;
    REQUIRE(broken.failure() != nullptr);
    CHECK(broken.failure()->reason() == Reason::tls_failed);
    CHECK(broken.peer() == nullptr);
  }
}

TEST_CASE("a judge that mbedTLS never calls is no acceptance, on either side") {
  AttestedWorld world;
  const AcceptEvidence evidence{world.verifier()};
  const LostCallback fault;
  SessionPair one_way(world.guest_config(), world.broker_config());
  CHECK(one_way.client.peer() == nullptr);
  CHECK(one_way.server.peer() == nullptr);
  CHECK(one_way.client.state() == State::failed);
  SessionPair mutual(ClientConfig(world.guest(), evidence), ServerConfig(world.guest(), evidence));
  CHECK(mutual.client.peer() == nullptr);
  CHECK(mutual.server.peer() == nullptr);
  CHECK(mutual.client.state() == State::failed);
}

TEST_CASE("a server whose judge is never called refuses a client that did everything right") {
  AttestedWorld world;
  Session client = Session::client(world.guest_config()).value();
  std::optional<Session> server;
  {
    const LostCallback fault;
    server = Session::server(world.broker_config()).value();
  }
  ratls::test::run(client, *server);
  CHECK(server->state() == State::refusing);
  CHECK(server->failure()->reason() == Reason::malformed_certificate);
  const auto accepted = client.poll_acceptance();
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error().reason() == Reason::peer_refused);
}
