#include <ratls/core/claims.h>

#include <ratls/core/cbor.h>
#include <ratls/core/crypto.h>

#include "check.h"

using namespace ratls;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;
const std::vector<std::pair<Role, Level>> kPairs{{Role::client, Level::key},
                                                 {Role::client, Level::exporter},
                                                 {Role::server, Level::key},
                                                 {Role::server, Level::handshake},
                                                 {Role::post_handshake_client, Level::exporter},
                                                 {Role::post_handshake_server, Level::exporter}};

Claims sample(Role role, Level level) {
  Claims out;
  out.role = role;
  out.level = level;
  if (level != Level::key) out.binder = Binder::from(test::counting(48));
  out.pubkey_hash = *SpkiHash::from(test::counting(48, 0x80));
  return out;
}

void check_same(const Claims& a, const Claims& b) {
  CHECK(a.role == b.role);
  CHECK(a.level == b.level);
  CHECK(a.binder == b.binder);
  CHECK(a.pubkey_hash == b.pubkey_hash);
  REQUIRE(a.identity.has_value() == b.identity.has_value());
  if (!a.identity) return;
  CHECK(equal_ct(a.identity->certificate, b.identity->certificate));
  CHECK(equal_ct(a.identity->signature, b.identity->signature));
}

}  // namespace

TEST_CASE("each pair of role and level that exists is encoded and decoded") {
  for (const auto& [role, level] : kPairs) {
    CHECK(valid_pair(role, level));
    const Claims claims = sample(role, level);
    const auto encoded = claims.encode();
    REQUIRE(encoded);
    const auto decoded = Claims::decode(*encoded);
    REQUIRE(decoded);
    check_same(*decoded, claims);
    CHECK(decoded->encode().value() == *encoded);
  }
}

TEST_CASE("an identity key signs the claims as they stand, but for its own entry") {
  const Bytes certificate = test::counting(300);
  const Bytes signature = test::counting(70);
  Claims claims = sample(Role::client, Level::exporter);
  const Bytes without = claims.encode().value();
  claims.identity = IdentityClaim{certificate, signature};
  const Bytes with = claims.encode().value();
  const auto message = identity_message(with);
  REQUIRE(message);
  CHECK(*message == identity_message(without).value());
  Bytes expected = hex("5241544c532d69642d763100");
  append(expected, crypto::sha384({without}).view());
  CHECK(*message == expected);
}

TEST_CASE("an identity key's message covers entries that this release does not know") {
  const Claims claims = sample(Role::client, Level::exporter);
  Bytes more = claims.encode().value();
  const Bytes plain = identity_message(more).value();
  more.front() += 1;  // one pair more
  append(more, hex("6c756e6b6e6f776e2d6e616d6501"));
  CHECK(Claims::decode(more));
  CHECK(identity_message(more).value() != plain);
  more.push_back(0);
  CHECK(test::refused(identity_message(more), kWhy));
}

TEST_CASE("an identity travels with a binder") {
  const Bytes certificate = test::counting(300);
  const Bytes signature = test::counting(70);
  Claims claims = sample(Role::server, Level::handshake);
  claims.identity = IdentityClaim{certificate, signature};
  const auto encoded = claims.encode();
  REQUIRE(encoded);
  const auto decoded = Claims::decode(*encoded);
  REQUIRE(decoded);
  check_same(*decoded, claims);
  CHECK(decoded->encode().value() == *encoded);
}

TEST_CASE("claims of a level-2 server have exactly these bytes") {
  // docs/protocol.md, section 3, written by hand: {"nonce": h'00..2f', "ratls": [1, 1, 2],
  // "pubkey-hash": << [7, h'80..af'] >>}
  const std::string binder = to_hex(test::counting(48));
  const std::string hash = to_hex(test::counting(48, 0x80));
  const Bytes golden =
      hex("a3"
          "65 6e6f6e6365 5830" +
          binder +
          "65 7261746c73 83 01 01 02"
          "6b 7075626b65792d68617368 5834 82 07 5830" +
          hash);
  CHECK(to_hex(sample(Role::server, Level::handshake).encode().value()) == to_hex(golden));
}

TEST_CASE("claims of a level-0 client have exactly these bytes") {
  const std::string hash = to_hex(test::counting(48, 0x80));
  const Bytes golden =
      hex("a2"
          "65 7261746c73 83 01 00 00"
          "6b 7075626b65792d68617368 5834 82 07 5830" +
          hash);
  CHECK(to_hex(sample(Role::client, Level::key).encode().value()) == to_hex(golden));
}

TEST_CASE("claims with an identity have exactly these bytes") {
  const std::string binder = to_hex(test::counting(48));
  const std::string hash = to_hex(test::counting(48, 0x80));
  const Bytes certificate = hex("3000");
  const Bytes signature = hex("aabbcc");
  Claims claims = sample(Role::client, Level::exporter);
  claims.identity = IdentityClaim{certificate, signature};
  const Bytes golden =
      hex("a4"
          "65 6e6f6e6365 5830" +
          binder +
          "65 7261746c73 83 01 00 03"
          "68 6964656e74697479 82 42 3000 43 aabbcc"
          "6b 7075626b65792d68617368 5834 82 07 5830" +
          hash);
  CHECK(to_hex(claims.encode().value()) == to_hex(golden));
}

TEST_CASE("pairs of role and level that do not exist are not encoded") {
  for (unsigned role = 0; role < 6; ++role) {
    for (unsigned level = 0; level < 6; ++level) {
      Claims claims = sample(static_cast<Role>(role), static_cast<Level>(level));
      const bool exists = std::find(kPairs.begin(), kPairs.end(),
                                    std::pair{claims.role, claims.level}) != kPairs.end();
      CAPTURE(role, level);
      CHECK(valid_pair(claims.role, claims.level) == exists);
      CHECK(claims.encode().has_value() == exists);
    }
  }
}

TEST_CASE("a binder is encoded exactly at the levels that have one") {
  Claims without = sample(Role::server, Level::handshake);
  without.binder.reset();
  CHECK(test::refused(without.encode(), kWhy));
  Claims with = sample(Role::server, Level::key);
  with.binder = Binder{};
  CHECK(test::refused(with.encode(), kWhy));
}

TEST_CASE("an identity without a binder is not encoded") {
  Claims claims = sample(Role::client, Level::key);
  claims.identity = IdentityClaim{};
  CHECK(test::refused(claims.encode(), kWhy));
}
