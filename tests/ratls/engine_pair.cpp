#include "engine_pair.h"

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/leaf.h>

namespace ratls::test {

using detail::Side;
using detail::TlsEngine;
using detail::TlsOptions;

bool pump(TlsEngine& from, TlsEngine& to) {
  const std::size_t count = to.feed(from.output());
  from.consumed(count);
  return count != 0;
}

PlainIdentity::PlainIdentity() : key(SigningKey::generate().value()) {
  certificate = make_leaf(key, std::nullopt).value();
}

EnginePair::EnginePair(const Setup& setup) {
  TlsOptions server_options;
  server_options.side = Side::server;
  server_options.ask_for_certificate = setup.ask_for_certificate;
  server_options.judge = setup.server_judge;
  server = TlsEngine::create(std::move(server_options)).value();
  REQUIRE(server->set_own_certificate(server_identity.key, server_identity.certificate));
  TlsOptions client_options;
  client_options.side = Side::client;
  client_options.pause_for_certificate = setup.client_has_certificate;
  client_options.judge = setup.client_judge;
  client = TlsEngine::create(std::move(client_options)).value();
}

void EnginePair::run() {
  for (bool moved = true; moved;) {
    client_progress = client->handshake();
    moved = pump(*client, *server);
    server_progress = server->handshake();
    moved = pump(*server, *client) || moved;
    if (!client_progress || !server_progress) moved = false;
  }
  // What one side sent last may end the other.
  if (client_progress) client_progress = client->handshake();
}

void EnginePair::resume_client() {
  REQUIRE(client->set_own_certificate(client_identity.key, client_identity.certificate));
  run();
}

bool EnginePair::both_over() const {
  return client_progress && server_progress && *client_progress == TlsEngine::Progress::over &&
         *server_progress == TlsEngine::Progress::over;
}

}  // namespace ratls::test
