// Packs: many items in one file, none of them believed.

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include <ratls/core/cbor.h>
#include <ratls/verify/collateral/pack.h>

#include "tests/verify/stored.h"

namespace ratls {

namespace {

using test::crl;
using test::said;
using test::Stored;
using test::vcek;

constexpr auto kVcekList = snp::SigningKeyKind::vcek;
constexpr auto kVlekList = snp::SigningKeyKind::vlek;

std::string refusal(ByteView file) {
  const auto items = read_pack(file);
  return items ? "accepted" : std::string(code(items.error().reason()));
}

/// A store with a VCEK, a VLEK, a CA certificate and both lists.
std::vector<StoredCollateral> sample() {
  Stored in;
  for (const Bytes& der :
       {vcek("a"), test::vlek("CN=x"),
        test::authority().certificate(sim::Product::milan, sim::Ca::ask).value()}) {
    REQUIRE(said(in.store.put_certificate(der)) == "stored");
  }
  REQUIRE(said(in.store.put_crl(kVcekList, crl(1))) == "stored");
  REQUIRE(said(in.store.put_crl(kVlekList, crl(2))) == "stored");
  return in.store.list().value().items;
}

const Bytes& sample_pack() {
  static const Bytes shared = write_pack(sample()).value();
  return shared;
}

Bytes pack_of(std::initializer_list<std::pair<std::uint64_t, Bytes>> items,
              std::uint64_t version = 1) {
  cbor::Writer out;
  out.map(3).uint(0).text("ratls.collateral").uint(1).uint(version).uint(2).array(items.size());
  for (const auto& [kind, der] : items) out.array(2).uint(kind).bytes(der);
  return std::move(out).take();
}

}  // namespace

TEST_CASE("a pack carries a whole store, list for list") {
  Stored to;
  REQUIRE(looks_like_pack(sample_pack()));
  const auto packed = read_pack(sample_pack()).value();
  for (const PackItem& item : packed) {
    CHECK(said(item.is_crl ? to.store.put_crl(item.list, item.der)
                           : to.store.put_certificate(item.der)) == "stored");
  }
  const auto items = to.store.list().value().items;
  CHECK(items.size() == 5);
  CHECK(write_pack(items).value() == sample_pack());
}

TEST_CASE("a pack is the same whatever the order of its items") {
  auto items = read_pack(sample_pack()).value();
  std::vector<StoredCollateral> stored;
  for (const PackItem& item : items) {
    StoredCollateral one;
    one.item.kind = item.is_crl ? CollateralKind::crl : CollateralKind::vcek;
    one.item.der = item.der;
    one.list = item.list;
    stored.push_back(one);
  }
  std::reverse(stored.begin(), stored.end());
  stored.push_back(stored.front());
  CHECK(write_pack(stored).value() == sample_pack());
}

TEST_CASE("every prefix of a pack and every byte more is refused whole") {
  const Bytes& pack = sample_pack();
  for (std::size_t size = 0; size < pack.size(); ++size) {
    if (refusal(ByteView(pack).first(size)) != "malformed_collateral") FAIL("prefix " << size);
  }
  Bytes longer = pack;
  longer.push_back(0);
  CHECK(refusal(longer) == "malformed_collateral");
}

TEST_CASE("a pack with any flipped bit is refused, or its item is") {
  const Bytes& pack = sample_pack();
  const auto good = read_pack(pack).value();
  const RootOfTrust roots = test::simulated_roots();
  for (std::size_t at = 0; at < pack.size(); at += 7) {
    Bytes bad = pack;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1U << (at % 8)));
    const auto items = read_pack(bad);
    if (!items) continue;
    for (const PackItem& item : *items) {
      const bool same = std::any_of(good.begin(), good.end(),
                                    [&](const PackItem& one) { return one.der == item.der; });
      if (!same && read_collateral(item.der, roots)) FAIL("byte " << at);
    }
  }
}

TEST_CASE("packs of another form, version, order or size are refused") {
  const Bytes one{1};
  const Bytes two{2};
  CHECK(refusal(pack_of({{0, one}, {0, two}, {1, one}})) == "accepted");
  CHECK(refusal(pack_of({{0, two}, {0, one}})) == "malformed_collateral");
  CHECK(refusal(pack_of({{0, one}, {0, one}})) == "malformed_collateral");
  CHECK(refusal(pack_of({{3, one}})) == "malformed_collateral");
  CHECK(refusal(pack_of({}, 2)) == "malformed_collateral");
  CHECK(refusal(pack_of({})) == "accepted");
  CHECK(refusal(pack_of({{0, Bytes(kMaxCollateralSize)}})) == "accepted");
  CHECK(refusal(pack_of({{0, Bytes(kMaxCollateralSize + 1)}})) == "malformed_collateral");
  CHECK(refusal(Bytes(kMaxPackSize + 1)) == "malformed_collateral");
  cbor::Writer huge;
  huge.map(3).uint(0).text("ratls.collateral").uint(1).uint(1).uint(2).array(1ULL << 40U);
  CHECK(refusal(std::move(huge).take()) == "malformed_collateral");
  CHECK_FALSE(looks_like_pack(vcek("a")));
  CHECK_FALSE(looks_like_pack(Bytes{}));
}

TEST_CASE("more items than a pack may hold are not packed") {
  std::vector<StoredCollateral> many(kMaxPackItems + 1);
  std::uint32_t number = 0;
  for (StoredCollateral& one : many) {
    ++number;
    one.item.der = {static_cast<std::uint8_t>(number >> 16U),
                    static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
  }
  CHECK(write_pack(many).error().reason() == Reason::collateral_full);
  many.pop_back();
  CHECK(read_pack(write_pack(many).value()).value().size() == kMaxPackItems);
}

}  // namespace ratls
