// What an attacker tries who speaks TLS as he likes and holds the leaf keys of guests
// (docs/attacks.md). The broker is the real one.
#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/leaf.h>
#include <ratls/core/der.h>
#include <ratls/core/evidence.h>
#include <ratls/detail/admission.h>
#include <ratls/detail/tls_engine.h>

#include "attested_world.h"
#include "raw_client.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::RawClient;
using State = Session::State;

namespace {

// Runs `attacker` against a broker; the broker's reason for refusing, or nothing.
std::optional<Reason> refusal(AttestedWorld& world, RawClient& attacker) {
  Session broker = Session::server(world.broker_config()).value();
  attacker.run(broker);
  if (broker.state() == State::open) return std::nullopt;
  REQUIRE(broker.failure() != nullptr);
  CHECK(broker.peer() == nullptr);
  return broker.failure()->reason();
}

// A leaf with `extensions` (DER of a SEQUENCE OF Extension's contents) for `key`.
Bytes leaf_with(const SigningKey& key, const std::vector<Bytes>& extensions) {
  const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.4.3.2")});
  const Bytes cn = der::sequence({der::oid("2.5.4.3"), der::utf8_string("attacker")});
  const Bytes name = der::sequence({der::set({cn})});
  const Bytes validity = der::sequence({der::time({0}), der::time({4'000'000'000})});
  Bytes all;
  for (const Bytes& extension : extensions) append(all, extension);
  const Bytes wrapped = der::explicit_tag(3, der::sequence({all}));
  const Bytes version = der::explicit_tag(0, der::integer(2));
  const Bytes tbs = der::sequence(
      {version, der::integer(7), algorithm, name, validity, name, key.spki(), wrapped});
  const Bytes signature = key.sign_sha256(tbs).value();
  return der::sequence({tbs, algorithm, der::bit_string(signature)});
}

Bytes extension(std::string_view oid, bool critical, ByteView value) {
  const Bytes flag = critical ? der::boolean(true) : Bytes{};
  return der::sequence({der::oid(oid), flag, der::octet_string(value)});
}

}  // namespace

TEST_CASE("the attacker's client is as good as ours when it has fresh evidence") {
  AttestedWorld world;
  RawClient honest(world);
  CHECK_FALSE(refusal(world, honest));
}

TEST_CASE("evidence of session A shown in session B with the same leaf key is a binding mismatch") {
  AttestedWorld world;
  RawClient first(world);
  REQUIRE_FALSE(refusal(world, first));
  RawClient second(world);
  second.steal_from(first);
  CHECK(refusal(world, second) == Reason::binding_mismatch);
  CHECK(second.refusal_text().find("not_authentic") != std::string::npos);
}

TEST_CASE("evidence made for another key is a binding mismatch") {
  AttestedWorld world;
  RawClient attacker(world);
  attacker.make_request = [](EvidenceRequest request) {
    request.spki_hash = hash_spki(as_bytes("another key"));
    return request;
  };
  CHECK(refusal(world, attacker) == Reason::binding_mismatch);
}

TEST_CASE("evidence with a server's role is no client's evidence") {
  AttestedWorld world;
  RawClient attacker(world);
  attacker.make_request = [](EvidenceRequest request) {
    request.role = Role::server;
    request.level = Level::handshake;
    return request;
  };
  CHECK(refusal(world, attacker) == Reason::level_too_low);
}

TEST_CASE("post-handshake evidence is no handshake evidence") {
  AttestedWorld world;
  RawClient attacker(world);
  attacker.make_request = [](EvidenceRequest request) {
    request.role = Role::post_handshake_client;
    return request;
  };
  CHECK(refusal(world, attacker) == Reason::binding_mismatch);
}

TEST_CASE("evidence that covers the key only is below the level that a broker demands") {
  AttestedWorld world;
  RawClient attacker(world);
  attacker.make_request = [](EvidenceRequest request) {
    request.level = Level::key;
    request.binder.reset();
    return request;
  };
  CHECK(refusal(world, attacker) == Reason::level_too_low);
}

TEST_CASE("leaves of a wrong shape are refused, whatever they carry") {
  AttestedWorld world;
  const Bytes rubbish = der::octet_string(as_bytes("not CBOR"));
  const Bytes evidence = extension(kEvidenceOid, false, rubbish);
  const Bytes unknown = extension("1.2.3.4", true, rubbish);
  const Bytes ca = extension("2.5.29.19", true, der::sequence({der::boolean(true)}));
  const Bytes text = extension(kEvidenceOid, false, der::utf8_string("{}"));
  const struct {
    const char* what;
    std::vector<Bytes> extensions;
    Reason reason;
    bool over_tls;  // mbedTLS itself does not load a certificate with an unknown critical extension
  } rows[] = {
      {"no evidence", {extension("1.2.3.4", false, rubbish)}, Reason::malformed_certificate, true},
      {"evidence twice", {evidence, evidence}, Reason::malformed_certificate, true},
      {"a CA", {ca, evidence}, Reason::malformed_certificate, true},
      {"rubbish as evidence", {evidence}, Reason::malformed_evidence, true},
      {"evidence that is text", {text}, Reason::malformed_evidence, true},
      {"another protocol's evidence",
       {extension("2.23.133.5.4.9", false, rubbish)},
       Reason::foreign_evidence,
       true},
      {"critical evidence",
       {extension(kEvidenceOid, true, rubbish)},
       Reason::malformed_certificate,
       false},
      {"unknown and critical", {evidence, unknown}, Reason::malformed_certificate, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const SigningKey key = SigningKey::generate().value();
    const auto read = detail::read_evidence_leaf({leaf_with(key, row.extensions), true});
    // Rubbish inside a well-formed extension is for the verifier to refuse.
    if (!read) CHECK(read.error().reason() == row.reason);
    if (!row.over_tls) {
      CHECK_FALSE(read);
      continue;
    }
    RawClient attacker(world);
    attacker.make_certificate = [&](const SigningKey& own, ByteView) {
      return leaf_with(own, row.extensions);
    };
    CHECK(refusal(world, attacker) == row.reason);
  }
}

TEST_CASE("a leaf with a second certificate behind it is refused") {
  AttestedWorld world;
  const Bytes leaf = make_leaf(world.broker()->key(), std::nullopt).value();
  const auto read = detail::read_evidence_leaf({leaf, false});
  REQUIRE_FALSE(read);
  CHECK(read.error().reason() == Reason::malformed_certificate);
}

TEST_CASE("a server that asks for no certificate gets no evidence and no channel") {
  AttestedWorld world;
  Session guest = Session::client(world.guest_config()).value();
  detail::TlsOptions options;
  options.side = detail::Side::server;
  options.ask_for_certificate = false;
  options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  auto server = detail::TlsEngine::create(std::move(options)).value();
  REQUIRE(server->set_own_certificate(world.broker()->key(), world.broker()->certificate()));
  guest.advance();
  guest.sent(server->feed(guest.output()));
  REQUIRE(server->handshake());
  guest.feed(server->output());
  CHECK(guest.advance() == State::failed);
  CHECK(guest.failure()->reason() == Reason::evidence_not_requested);
  CHECK(world.processor().signed_reports() == 0);
}

TEST_CASE("any flipped bit of a guest's last flight keeps the channel shut") {
  AttestedWorld world;
  // The flight is encrypted: each flip is met by the record layer. One bit in every 61st byte.
  for (std::size_t at = 0; at < 3000; at += 61) {
    Session guest = Session::client(world.guest_config()).value();
    Session broker = Session::server(world.broker_config()).value();
    guest.advance();
    test::pump(guest, broker);
    broker.advance();
    test::pump(broker, guest);
    guest.advance();
    REQUIRE(guest.wait_evidence(std::chrono::seconds(2)));
    guest.advance();
    Bytes flight(guest.output().begin(), guest.output().end());
    REQUIRE(flight.size() > 3000);
    flight[at] ^= 0x10;
    broker.feed(flight);
    broker.feed_end();
    CAPTURE(at);
    CHECK(broker.advance() != State::open);
    CHECK(broker.peer() == nullptr);
  }
}
