#include <ratls/core/cbor.h>
#include <ratls/core/claims.h>

#include <algorithm>
#include <map>
#include <set>

#include "check.h"

using namespace ratls;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;

Bytes text(std::string_view value) {
  cbor::Writer out;
  out.text(value);
  return std::move(out).take();
}

Bytes bytes(ByteView value) {
  cbor::Writer out;
  out.bytes(value);
  return std::move(out).take();
}

// Encoded values by text key, in the order of the encoded keys.
using Parts = std::map<Bytes, Bytes>;

Parts parts(std::uint64_t role = 1, std::uint64_t level = 2) {
  cbor::Writer ratls_value;
  ratls_value.array(3).uint(1).uint(role).uint(level);
  cbor::Writer hash;
  hash.array(2).uint(7).bytes(test::counting(48, 0x80));
  Parts out;
  if (level != 0) out[text("nonce")] = bytes(test::counting(48));
  out[text("ratls")] = std::move(ratls_value).take();
  out[text("pubkey-hash")] = bytes(std::move(hash).take());
  return out;
}

Bytes join(const Parts& from) {
  cbor::Writer out;
  out.map(from.size());
  Bytes all = std::move(out).take();
  for (const auto& [key, value] : from) {
    append(all, key);
    append(all, value);
  }
  return all;
}

bool refused(const Parts& from) {
  return test::refused(Claims::decode(join(from)), kWhy);
}

Parts with(std::string_view key, ByteView value) {
  Parts out = parts();
  out[text(key)] = Bytes(value.begin(), value.end());
  return out;
}

}  // namespace

TEST_CASE("the claims that the refusals start from are good") {
  CHECK(Claims::decode(join(parts())));
  CHECK(Claims::decode(join(parts(0, 0))));
}

TEST_CASE("pairs of role and level that do not exist are refused") {
  const std::set<std::pair<unsigned, unsigned>> good{{0, 0}, {0, 3}, {1, 0},
                                                     {1, 2}, {2, 3}, {3, 3}};
  for (const std::uint64_t role : {0U, 1U, 2U, 3U, 4U, 255U, 256U, 257U, 1U << 31U}) {
    for (const std::uint64_t level : {0U, 1U, 2U, 3U, 4U, 255U, 256U, 258U, 1U << 31U}) {
      CAPTURE(role, level);
      CHECK(refused(parts(role, level)) == !good.contains({role, level}));
    }
  }
  CHECK(refused(parts(UINT64_MAX, 0)));
}

TEST_CASE("another protocol version is refused") {
  for (const std::string_view version : {"00", "02", "17", "1864"}) {
    CHECK(refused(with("ratls", hex("83" + std::string(version) + "0102"))));
  }
}

TEST_CASE("a ratls claim of another shape is refused") {
  for (const std::string_view value :
       {"00", "80", "820101", "8401010200", "8301016132", "83014102", "a3010102", "830101"}) {
    CAPTURE(value);
    CHECK(refused(with("ratls", hex(value))));
  }
}

TEST_CASE("each claim that must be there is missed") {
  for (const std::string_view key : {"nonce", "ratls", "pubkey-hash"}) {
    CAPTURE(key);
    Parts less = parts();
    REQUIRE(less.erase(text(key)) == 1);
    CHECK(refused(less));
  }
  CHECK(test::refused(Claims::decode(hex("a0")), kWhy));
  CHECK(test::refused(Claims::decode({}), kWhy));
}

TEST_CASE("a nonce at level 0 is refused") {
  Parts claims = parts(0, 0);
  claims[text("nonce")] = bytes(test::counting(48));
  CHECK(refused(claims));
}

TEST_CASE("a nonce of another length or kind is refused") {
  for (const std::size_t size : {0U, 1U, 32U, 47U, 49U, 64U}) {
    CHECK(refused(with("nonce", bytes(Bytes(size)))));
  }
  CHECK(refused(with("nonce", text(std::string(48, 'a')))));
  CHECK(refused(with("nonce", hex("00"))));
}

TEST_CASE("a public-key hash of another algorithm, length or shape is refused") {
  const auto inner = [](std::uint64_t algorithm, std::size_t size) {
    cbor::Writer out;
    out.array(2).uint(algorithm).bytes(Bytes(size));
    return bytes(std::move(out).take());
  };
  REQUIRE_FALSE(refused(with("pubkey-hash", inner(7, 48))));
  for (const std::uint64_t algorithm : {0U, 1U, 6U, 8U, 23U, 24U, 256U + 7U}) {
    CHECK(refused(with("pubkey-hash", inner(algorithm, 48))));
  }
  for (const std::size_t size : {0U, 32U, 47U, 49U, 64U}) {
    CHECK(refused(with("pubkey-hash", inner(7, size))));
  }
  CHECK(refused(with("pubkey-hash", bytes({}))));
  CHECK(refused(with("pubkey-hash", bytes(hex("8107")))));
  CHECK(refused(with("pubkey-hash", bytes(hex("8207 6161")))));
  CHECK(refused(with("pubkey-hash", hex("820700"))));  // not wrapped in a byte string
  Bytes trailing = hex("8207 5830");
  append(trailing, Bytes(49));
  CHECK(refused(with("pubkey-hash", bytes(trailing))));
}

TEST_CASE("an identity is two byte strings, and never at level 0") {
  CHECK_FALSE(refused(with("identity", hex("82 4101 4102"))));
  for (const std::string_view value :
       {"80", "814101", "83410141024103", "82410100", "82004101", "8261614101", "4101"}) {
    CAPTURE(value);
    CHECK(refused(with("identity", hex(value))));
  }
  Parts claims = parts(1, 0);
  claims[text("identity")] = hex("82 4101 4102");
  CHECK(refused(claims));
}

TEST_CASE("unknown text keys are skipped, whatever they hold") {
  for (const std::string_view value :
       {"00", "1864", "40", "4401020304", "6161", "80", "83010203", "a0", "a1616100", "818180"}) {
    CAPTURE(value);
    for (const std::string_view key : {"", "a", "nonc", "noncf", "z-future", "a-longer-unknown"}) {
      const auto decoded = Claims::decode(join(with(key, hex(value))));
      REQUIRE(decoded);
      CHECK(decoded->role == Role::server);
      CHECK(decoded->level == Level::handshake);
    }
  }
}

TEST_CASE("an unknown claim nested too deeply, or outside the subset, is refused") {
  CHECK_FALSE(refused(with("a", hex("81818180"))));
  CHECK(refused(with("a", hex("8181818180"))));
  for (const std::string_view value : {"20", "f5", "f6", "c100", "9fff", "1800", "fa47c35000"}) {
    CAPTURE(value);
    CHECK(refused(with("a", hex(value))));
  }
}

TEST_CASE("keys that are not text are refused") {
  for (const std::string_view key : {"00", "01", "1864", "40", "4161", "80"}) {
    CAPTURE(key);
    Parts claims = parts();
    claims[hex(key)] = hex("00");
    CHECK(refused(claims));
  }
}

TEST_CASE("duplicate and reordered claims are refused") {
  const Parts good = parts();
  std::vector<std::pair<Bytes, Bytes>> items(good.begin(), good.end());
  const auto encode = [](const auto& from) {
    cbor::Writer out;
    out.map(from.size());
    Bytes all = std::move(out).take();
    for (const auto& [key, value] : from) {
      append(all, key);
      append(all, value);
    }
    return all;
  };
  REQUIRE(Claims::decode(encode(items)));
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto twice = items;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), items[i]);
    CHECK(test::refused(Claims::decode(encode(twice)), kWhy));
    auto swapped = items;
    std::swap(swapped[i], swapped[(i + 1) % items.size()]);
    CHECK(test::refused(Claims::decode(encode(swapped)), kWhy));
  }
}

TEST_CASE("every prefix of claims, and one byte more, is refused") {
  Bytes whole = join(parts());
  REQUIRE(Claims::decode(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(test::refused(Claims::decode(ByteView(whole).first(size)), kWhy));
  }
  whole.push_back(0x00);
  CHECK(test::refused(Claims::decode(whole), kWhy));
}

TEST_CASE("claims that are not a map are refused") {
  for (const std::string_view value : {"00", "40", "60", "80", "83010203", "bfff", "f6"}) {
    CHECK(test::refused(Claims::decode(hex(value)), kWhy));
  }
}

TEST_CASE("a flipped bit in claims is refused or means something else") {
  const Bytes whole = join(parts());
  const Claims original = Claims::decode(whole).value();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    const Bytes flipped = test::with_bit_flipped(whole, bit);
    const auto decoded = Claims::decode(flipped);
    if (!decoded) {
      REQUIRE(decoded.error().reason() == kWhy);
      continue;
    }
    const bool same = decoded->role == original.role && decoded->level == original.level &&
                      decoded->binder == original.binder &&
                      decoded->pubkey_hash == original.pubkey_hash;
    if (same) FAIL("bit " << bit);
    REQUIRE(decoded->encode().value() == flipped);
  }
}
