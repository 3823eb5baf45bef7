#include <ratls/core/merkle.h>

#include <ratls/core/cbor.h>
#include <ratls/core/crypto.h>

#include "check.h"

using namespace ratls;
using merkle::Node;
using merkle::Path;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;

Node leaf_of(std::string_view claims) {
  return merkle::leaf(as_bytes(claims));
}

std::vector<Node> leaves_of(std::size_t count) {
  std::vector<Node> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(leaf_of("session " + std::to_string(i)));
  return out;
}

merkle::Tree tree_of(const std::vector<Node>& leaves) {
  auto tree = merkle::build(leaves);
  REQUIRE(tree);
  return std::move(tree).value();
}

Bytes encode_path(std::uint64_t sides, const std::vector<Bytes>& siblings) {
  cbor::Writer out;
  out.array(2).uint(sides).array(siblings.size());
  for (const Bytes& sibling : siblings) out.bytes(sibling);
  return std::move(out).take();
}

}  // namespace

TEST_CASE("a leaf is the hash of a zero byte and the claims") {
  // printf '\0a' | openssl dgst -sha384
  CHECK(leaf_of("a").hex() ==
        "f5077c4b6e328b21e2f21192776daf9660ceaeaf40a1796b"
        "58bd9500b36aff2cb5acd79d2789f891541818315233ff6c");
}

TEST_CASE("roots of two and three leaves have known values") {
  // python3: node = lambda l, r: hashlib.sha384(b'\1' + l + r).digest() over leaves of a, b, c
  const std::vector<Node> leaves{leaf_of("a"), leaf_of("b"), leaf_of("c")};
  CHECK(tree_of({leaves[0], leaves[1]}).root.hex() ==
        "26e9d850dd820b5bdc2222dcc574968efd2ea2ccaab694b4"
        "44c48f479d31c395d6a8da9dfe865ceda1e3a89ac3a64470");
  CHECK(tree_of(leaves).root.hex() ==
        "f558be2464938cd3266e7a25cc876fd6697768c8a8d312fb"
        "7013d006ab98686937d89ad92547b429ad69264c11fc538b");
}

TEST_CASE("the root of one leaf is the leaf, and its path is empty") {
  const Node leaf = leaf_of("alone");
  const auto tree = tree_of({leaf});
  CHECK(tree.root == leaf);
  REQUIRE(tree.paths.size() == 1);
  CHECK(tree.paths[0].siblings.empty());
  CHECK(merkle::fold(leaf, tree.paths[0]) == leaf);
  CHECK(test::refused(tree.paths[0].encode(), kWhy));
}

TEST_CASE("each leaf of every tree of 1 to 40 leaves folds to the root, and no other leaf does") {
  for (std::size_t count = 1; count <= 40; ++count) {
    const auto leaves = leaves_of(count);
    const auto tree = tree_of(leaves);
    REQUIRE(tree.paths.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        REQUIRE((merkle::fold(leaves[j], tree.paths[i]) == tree.root) == (i == j));
      }
      REQUIRE(merkle::fold(leaf_of("foreign"), tree.paths[i]) != tree.root);
    }
  }
}

TEST_CASE("each leaf of a thousand folds to the root over ten siblings at most") {
  const auto leaves = leaves_of(1000);
  const auto tree = tree_of(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    REQUIRE(merkle::fold(leaves[i], tree.paths[i]) == tree.root);
    REQUIRE(tree.paths[i].siblings.size() <= 10);
  }
}

TEST_CASE("every path of more than one leaf survives its encoding") {
  for (const std::size_t count : {2U, 3U, 7U, 33U}) {
    for (const Path& path : tree_of(leaves_of(count)).paths) {
      const auto encoded = path.encode();
      REQUIRE(encoded);
      const auto decoded = Path::decode(*encoded);
      REQUIRE(decoded);
      CHECK(decoded->sides == path.sides);
      CHECK(decoded->siblings == path.siblings);
    }
  }
}

TEST_CASE("a path with a side swapped folds elsewhere") {
  const auto leaves = leaves_of(16);
  const auto tree = tree_of(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    for (unsigned bit = 0; bit < 4; ++bit) {
      Path swapped = tree.paths[i];
      swapped.sides ^= std::uint64_t{1} << bit;
      CHECK(merkle::fold(leaves[i], swapped) != tree.root);
    }
  }
}

TEST_CASE("a path with a sibling missing, added, exchanged or altered folds elsewhere") {
  const auto leaves = leaves_of(8);
  const auto tree = tree_of(leaves);
  const Path good = tree.paths[5];
  Path shorter = good;
  shorter.siblings.pop_back();
  CHECK(merkle::fold(leaves[5], shorter) != tree.root);
  Path longer = good;
  longer.siblings.push_back(Node{});
  CHECK(merkle::fold(leaves[5], longer) != tree.root);
  Path exchanged = good;
  std::swap(exchanged.siblings[0], exchanged.siblings[1]);
  CHECK(merkle::fold(leaves[5], exchanged) != tree.root);
  for (std::size_t i = 0; i < good.siblings.size() * 384; ++i) {
    Path altered = good;
    auto& sibling = altered.siblings[i / 384];
    sibling = *Node::from(test::with_bit_flipped(sibling.view(), i % 384));
    REQUIRE(merkle::fold(leaves[5], altered) != tree.root);
  }
}

TEST_CASE("an inner node cannot be shown as a leaf") {
  const auto leaves = leaves_of(4);
  const auto tree = tree_of(leaves);
  // Claims made of an inner node's preimage: the leaf prefix keeps the hashes apart.
  Bytes preimage(leaves[0].view().begin(), leaves[0].view().end());
  append(preimage, leaves[1].view());
  Bytes with_prefix{0x01};
  append(with_prefix, preimage);
  Path above = tree.paths[0];
  above.sides >>= 1U;
  above.siblings.erase(above.siblings.begin());
  const Node inner = *Node::from(crypto::sha384({with_prefix}).view());
  REQUIRE(merkle::fold(inner, above) == tree.root);
  CHECK(merkle::fold(merkle::leaf(preimage), above) != tree.root);
  CHECK(merkle::fold(merkle::leaf(with_prefix), above) != tree.root);
}

TEST_CASE("equal leaves enter the tree once and share a path") {
  const Node a = leaf_of("a");
  const Node b = leaf_of("b");
  const auto once = tree_of({a, b});
  const auto twice = tree_of({a, b, a, a, b});
  CHECK(twice.root == once.root);
  REQUIRE(twice.paths.size() == 5);
  for (const std::size_t i : {0U, 2U, 3U}) CHECK(merkle::fold(a, twice.paths[i]) == once.root);
  for (const std::size_t i : {1U, 4U}) CHECK(merkle::fold(b, twice.paths[i]) == once.root);
  CHECK(tree_of({a, a, a}).root == a);
}

TEST_CASE("no leaves, or more than fit, are no tree") {
  CHECK(test::refused(merkle::build({}), Reason::internal));
  const std::vector<Node> most((std::size_t{1} << 16U), leaf_of("a"));
  CHECK(tree_of(most).root == leaf_of("a"));
  const std::vector<Node> too_many((std::size_t{1} << 16U) + 1, leaf_of("a"));
  CHECK(test::refused(merkle::build(too_many), Reason::internal));
}

TEST_CASE("a path of one to sixteen siblings is decoded, none and seventeen are refused") {
  const Bytes node(48, 0xAA);
  for (std::size_t count = 1; count <= 16; ++count) {
    const std::uint64_t all_left = (std::uint64_t{1} << count) - 1;
    const auto path = Path::decode(encode_path(all_left, std::vector<Bytes>(count, node)));
    REQUIRE(path);
    CHECK(path->siblings.size() == count);
    CHECK(path->encode().value() == encode_path(all_left, std::vector<Bytes>(count, node)));
  }
  CHECK(test::refused(Path::decode(encode_path(0, {})), kWhy));
  for (const std::size_t count : {17U, 64U, 65U, 150U}) {
    CHECK(test::refused(Path::decode(encode_path(0, std::vector<Bytes>(count, node))), kWhy));
    Path path;
    path.siblings.resize(count);
    CHECK(test::refused(path.encode(), kWhy));
  }
}

TEST_CASE("bits of sides beyond the siblings are refused") {
  const Bytes node(48, 0xAA);
  for (std::size_t count = 1; count <= 16; ++count) {
    for (const std::uint64_t stray : {std::uint64_t{1} << count, std::uint64_t{1} << 63U}) {
      CHECK(test::refused(Path::decode(encode_path(stray, std::vector<Bytes>(count, node))), kWhy));
      Path path{stray, std::vector<Node>(count)};
      CHECK(test::refused(path.encode(), kWhy));
    }
  }
}

TEST_CASE("a path of another shape is refused") {
  const Bytes node(48, 0xAA);
  const Bytes good = encode_path(1, {node, node});
  REQUIRE(Path::decode(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(test::refused(Path::decode(ByteView(good).first(size)), kWhy));
  }
  Bytes longer = good;
  longer.push_back(0);
  CHECK(test::refused(Path::decode(longer), kWhy));
  for (const std::size_t size : {0U, 32U, 47U, 49U, 64U}) {
    CHECK(test::refused(Path::decode(encode_path(0, {Bytes(size)})), kWhy));
  }
  for (const std::string_view other :
       {"00", "a0", "8100", "82008100", "820080", "83008140", "824080", "82009b0000010000000000",
        "82009bffffffffffffffff"}) {
    CAPTURE(other);
    CHECK(test::refused(Path::decode(test::hex(other)), kWhy));
  }
}
