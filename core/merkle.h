/// One report for many sessions: the tree over their claims (docs/protocol.md, section 4).
#pragma once

#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::merkle {

/// A leaf, an inner node, or the root.
using Node = FixedBytes<48, struct MerkleNodeTag>;

/// Deepest tree: 2^16 sessions a report.
inline constexpr std::size_t kMaxSiblings = 16;

/// The way from a leaf to the root. Sibling k, counted from the leaf, is the left one exactly
/// where bit k of `sides` is 1.
struct Path {
  std::uint64_t sides = 0;
  std::vector<Node> siblings;

  /// Deterministic CBOR `[sides, [1*16 bstr .size 48]]`; a path without siblings has no encoding.
  /// Errors: malformed_evidence.
  [[nodiscard]] Result<Bytes> encode() const;
  /// Errors: malformed_evidence (also for stray `sides` bits and more than 16 siblings).
  static Result<Path> decode(ByteView cbor);
};

/// SHA-384(0x00 || claims).
Node leaf(ByteView claims) noexcept;

/// The root that `leaf` and `path` fold to. A path without siblings folds to the leaf itself.
Node fold(const Node& leaf, const Path& path) noexcept;

/// A root and, for each leaf given, its path.
struct Tree {
  Node root;
  std::vector<Path> paths;
};

/// Builds the tree over 1 to 2^16 leaves; equal leaves enter once and share a path.
/// Errors: internal for no leaves or too many.
Result<Tree> build(const std::vector<Node>& leaves);

}  // namespace ratls::merkle
