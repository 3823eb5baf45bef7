#include <catch2/catch_test_macros.hpp>

#include <array>

#include <ratls/core/crypto.h>

#include "engine_pair.h"

using namespace ratls;
using ratls::detail::PeerLeaf;
using ratls::detail::TlsEngine;
using ratls::test::EnginePair;
using ratls::test::pump;

namespace {

// Reads until nothing more comes; the error, where there is one.
Result<std::string> read_all(TlsEngine& engine) {
  std::string out;
  std::array<std::uint8_t, 512> buffer{};
  while (true) {
    auto got = engine.read(buffer);
    if (!got) return got.error();
    if (got->size == 0) return out;
    out += to_string(ByteView(buffer).first(got->size));
  }
}

}  // namespace

TEST_CASE("a handshake pauses on the client where its certificate is due") {
  EnginePair pair;
  pair.run();
  REQUIRE(pair.client_progress);
  CHECK(*pair.client_progress == TlsEngine::Progress::paused);
  CHECK(pair.client->certificate_requested());
  CHECK(pair.client->judge_calls() == 1);
  CHECK_FALSE(pair.client->finish());
  pair.resume_client();
  REQUIRE(pair.both_over());
  CHECK(pair.client->finish());
  CHECK(pair.server->finish());
}

TEST_CASE("the exporter binder is the same before and after the handshake and on both sides") {
  EnginePair pair;
  pair.run();
  const SpkiHash hash = hash_spki(pair.client_identity.key.spki());
  const Binder early = pair.client->client_binder(hash).value();
  pair.resume_client();
  REQUIRE(pair.both_over());
  CHECK(pair.client->client_binder(hash).value() == early);
  CHECK(pair.server->client_binder(hash).value() == early);
}

TEST_CASE("the handshake-secret binder is the same on both sides") {
  EnginePair pair;
  pair.run();
  const SpkiHash hash = hash_spki(pair.server_identity.key.spki());
  CHECK(pair.client->server_binder(hash).value() == pair.server->server_binder(hash).value());
}

TEST_CASE("binders differ between sessions, keys and kinds") {
  EnginePair first;
  EnginePair second;
  first.run();
  second.run();
  const SpkiHash hash = hash_spki(first.client_identity.key.spki());
  const SpkiHash other = hash_spki(first.server_identity.key.spki());
  const Binder binder = first.client->client_binder(hash).value();
  CHECK(binder != second.client->client_binder(hash).value());
  CHECK(binder != first.client->client_binder(other).value());
  CHECK(binder != first.client->server_binder(hash).value());
}

TEST_CASE("a server that asks for no certificate is noticed while the client is paused") {
  EnginePair::Setup setup;
  setup.ask_for_certificate = false;
  EnginePair pair(setup);
  pair.run();
  REQUIRE(pair.client_progress);
  REQUIRE(*pair.client_progress == TlsEngine::Progress::paused);
  CHECK_FALSE(pair.client->certificate_requested());
}

TEST_CASE("a client that refuses its server ends the handshake with its own reason and an alert") {
  EnginePair::Setup setup;
  setup.client_judge = [](const PeerLeaf&) -> Result<void> { return Error(Reason::pin_mismatch); };
  EnginePair pair(setup);
  pair.run();
  REQUIRE_FALSE(pair.client_progress);
  CHECK(pair.client_progress.error().reason() == Reason::pin_mismatch);
  CHECK_FALSE(pair.server_progress);
}

TEST_CASE("the judge sees the leaf exactly once, alone, as it was sent") {
  int calls = 0;
  Bytes seen;
  EnginePair::Setup setup;
  setup.server_judge = [&](const PeerLeaf& leaf) -> Result<void> {
    ++calls;
    seen = leaf.der;
    CHECK(leaf.lone);
    return {};
  };
  EnginePair pair(setup);
  pair.run();
  CHECK(calls == 0);
  pair.resume_client();
  REQUIRE(pair.both_over());
  CHECK(calls == 1);
  CHECK(pair.server->judge_calls() == 1);
  CHECK(seen == pair.client_identity.certificate);
  const ByteView spki = pair.client_identity.key.spki();
  CHECK(pair.server->peer_spki() == Bytes(spki.begin(), spki.end()));
}

TEST_CASE("a client without a certificate leaves the judge uncalled and the peer's key empty") {
  EnginePair::Setup setup;
  setup.client_has_certificate = false;
  EnginePair pair(setup);
  pair.run();
  REQUIRE(pair.both_over());
  CHECK(pair.server->judge_calls() == 0);
  CHECK(pair.server->peer_spki().empty());
}

TEST_CASE("application bytes flow both ways once the handshake is over, and close_notify ends") {
  EnginePair pair;
  pair.run();
  pair.resume_client();
  REQUIRE(pair.client->write(as_bytes("from client")));
  REQUIRE(pair.server->write(as_bytes("from server")));
  pump(*pair.client, *pair.server);
  pump(*pair.server, *pair.client);
  CHECK(read_all(*pair.server).value() == "from client");
  CHECK(read_all(*pair.client).value() == "from server");
  REQUIRE(pair.client->close_notify());
  pump(*pair.client, *pair.server);
  std::array<std::uint8_t, 8> buffer{};
  CHECK(pair.server->read(buffer).value().end);
}

TEST_CASE("a stream that ends without close_notify is truncated, not ended") {
  EnginePair pair;
  pair.run();
  pair.resume_client();
  pair.server->feed_end();
  std::array<std::uint8_t, 8> buffer{};
  const auto got = pair.server->read(buffer);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::truncated_stream);
}

TEST_CASE("an access_denied alert after the handshake is read as a refusal") {
  EnginePair pair;
  pair.run();
  pair.resume_client();
  REQUIRE(pair.server->send_alert(detail::kAlertAccessDenied));
  pump(*pair.server, *pair.client);
  const auto got = read_all(*pair.client);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::peer_refused);
}

TEST_CASE("every flipped bit of a server's first flight ends the handshake") {
  // Flip one bit in each 97th byte of what the server sends first; any of them must be noticed.
  EnginePair sizing;
  sizing.client_progress = sizing.client->handshake();
  pump(*sizing.client, *sizing.server);
  sizing.server_progress = sizing.server->handshake();
  const std::size_t size = sizing.server->output().size();
  REQUIRE(size > 200);
  for (std::size_t at = 5; at < size; at += 97) {
    EnginePair pair;
    pair.client_progress = pair.client->handshake();
    pump(*pair.client, *pair.server);
    pair.server_progress = pair.server->handshake();
    Bytes flight(pair.server->output().begin(), pair.server->output().end());
    pair.server->consumed(flight.size());
    flight[at % flight.size()] ^= 0x01;
    pair.client->feed(flight);
    pair.client->feed_end();
    const auto progress = pair.client->handshake();
    CAPTURE(at);
    CHECK_FALSE(progress);
  }
}

TEST_CASE("garbage instead of a ServerHello is refused, with an alert in the output") {
  EnginePair pair;
  pair.client_progress = pair.client->handshake();
  pair.client->consumed(pair.client->output().size());
  pair.client->feed(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const auto progress = pair.client->handshake();
  REQUIRE_FALSE(progress);
  CHECK(progress.error().reason() == Reason::tls_failed);
  CHECK_FALSE(pair.client->output().empty());
}

TEST_CASE("input is taken up to 64 KiB and no further while nobody reads it") {
  EnginePair pair;
  const Bytes flood(100000, 0x16);
  CHECK(pair.client->feed(flood) == 65536);
  CHECK(pair.client->feed(flood) == 0);
}

TEST_CASE("a wiped engine answers every call with an error and does not crash") {
  EnginePair pair;
  pair.run();
  pair.resume_client();
  pair.client->wipe();
  pair.client->wipe();
  std::array<std::uint8_t, 8> buffer{};
  CHECK_FALSE(pair.client->read(buffer));
  CHECK_FALSE(pair.client->write(as_bytes("x")));
  CHECK_FALSE(pair.client->finish());
  CHECK(pair.client->peer_spki().empty());
  CHECK(pair.client->alpn().empty());
  CHECK_FALSE(pair.client->server_binder(SpkiHash()));
}

TEST_CASE("a damaged record after the handshake is answered by an alert that can be read") {
  EnginePair pair;
  pair.run();
  pair.resume_client();
  REQUIRE(pair.both_over());
  REQUIRE(pair.client->write(as_bytes("application")));
  Bytes record(pair.client->output().begin(), pair.client->output().end());
  pair.client->consumed(record.size());
  record.back() ^= 1;
  pair.server->feed(record);
  std::array<std::uint8_t, 64> buffer{};
  CHECK_FALSE(pair.server->read(buffer));
  test::pump(*pair.server, *pair.client);
  const auto told = pair.client->read(buffer);
  REQUIRE_FALSE(told);
  CHECK(told.error().detail() == "the peer sent TLS alert 20");
}
