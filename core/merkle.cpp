#include <ratls/core/merkle.h>

#include <algorithm>
#include <map>

#include <ratls/core/cbor.h>
#include <ratls/core/crypto.h>

namespace ratls::merkle {

namespace {

// Domain separation of leaves from nodes, as RFC 9162, 2.1.1.
constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

Node parent(const Node& left, const Node& right) noexcept {
  const std::array<std::uint8_t, 1> prefix{kNodePrefix};
  return *Node::from(crypto::sha384({prefix, left.view(), right.view()}).view());
}

Error malformed(std::string_view what) {
  return Error(Reason::malformed_evidence, "path: " + std::string(what));
}

// The distinct leaves in order of first appearance, and where each input leaf went.
struct Distinct {
  std::vector<Node> nodes;
  std::vector<std::size_t> index;
};

Distinct distinct(const std::vector<Node>& leaves) {
  Distinct out;
  std::map<Node, std::size_t> seen;
  for (const Node& leaf : leaves) {
    const auto [at, is_new] = seen.try_emplace(leaf, out.nodes.size());
    if (is_new) out.nodes.push_back(leaf);
    out.index.push_back(at->second);
  }
  return out;
}

}  // namespace

Node leaf(ByteView claims) noexcept {
  const std::array<std::uint8_t, 1> prefix{kLeafPrefix};
  return *Node::from(crypto::sha384({prefix, claims}).view());
}

Node fold(const Node& leaf, const Path& path) noexcept {
  Node node = leaf;
  std::uint64_t sides = path.sides;
  for (const Node& sibling : path.siblings) {
    node = (sides & 1U) != 0 ? parent(sibling, node) : parent(node, sibling);
    sides >>= 1U;
  }
  return node;
}

Result<Tree> build(const std::vector<Node>& leaves) {
  if (leaves.empty() || leaves.size() > (std::size_t{1} << kMaxSiblings)) {
    return Error(Reason::internal, "a tree of " + std::to_string(leaves.size()) + " leaves");
  }
  Distinct unique = distinct(leaves);
  std::vector<Path> paths(unique.nodes.size());
  // Which subtree of the current row each leaf lies in; an odd last node moves up unchanged.
  std::vector<std::size_t> place(unique.nodes.size());
  for (std::size_t i = 0; i < place.size(); ++i) place[i] = i;
  std::vector<Node> row = std::move(unique.nodes);
  while (row.size() > 1) {
    for (std::size_t i = 0; i < place.size(); ++i) {
      const std::size_t sibling = place[i] ^ 1U;
      if (sibling < row.size()) {
        const std::uint64_t is_left = sibling < place[i] ? 1 : 0;
        paths[i].sides |= is_left << paths[i].siblings.size();
        paths[i].siblings.push_back(row[sibling]);
      }
      place[i] /= 2;
    }
    std::vector<Node> above;
    for (std::size_t i = 0; i + 1 < row.size(); i += 2) above.push_back(parent(row[i], row[i + 1]));
    if (row.size() % 2 == 1) above.push_back(row.back());
    row = std::move(above);
  }
  Tree out{row.front(), {}};
  for (const std::size_t index : unique.index) out.paths.push_back(paths[index]);
  return out;
}

Result<Bytes> Path::encode() const {
  if (siblings.empty() || siblings.size() > kMaxSiblings) return malformed("not 1 to 16 siblings");
  if ((sides >> siblings.size()) != 0) return malformed("stray bits in sides");
  cbor::Writer out;
  out.array(2).uint(sides).array(siblings.size());
  for (const Node& sibling : siblings) out.bytes(sibling.view());
  return std::move(out).take();
}

Result<Path> Path::decode(ByteView cbor_bytes) {
  cbor::Reader in(cbor_bytes, Reason::malformed_evidence);
  Path out;
  RATLS_CHECK(in.array_of(2));
  RATLS_TRY(out.sides, in.uint());
  RATLS_TRY(const std::uint64_t count, in.array());
  if (count == 0 || count > kMaxSiblings) return malformed("not 1 to 16 siblings");
  if ((out.sides >> count) != 0) return malformed("stray bits in sides");
  for (std::uint64_t i = 0; i < count; ++i) {
    RATLS_TRY(const ByteView bytes, in.bytes());
    const auto node = Node::from(bytes);
    if (!node) return malformed("a sibling is not 48 bytes");
    out.siblings.push_back(*node);
  }
  RATLS_CHECK(in.finish());
  return out;
}

}  // namespace ratls::merkle
