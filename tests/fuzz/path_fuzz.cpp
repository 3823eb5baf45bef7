// Merkle paths: one encoding each, and never more siblings or side bits than allowed.
#include <ratls/core/merkle.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto path = merkle::Path::decode(bytes);
  if (!path) {
    must(path.error().reason() == Reason::malformed_evidence);
    return 0;
  }
  must(!path->siblings.empty() && path->siblings.size() <= merkle::kMaxSiblings);
  must((path->sides >> path->siblings.size()) == 0);
  must(equal_ct(path->encode().value(), bytes));
  const merkle::Node leaf = merkle::leaf(bytes);
  must(merkle::fold(leaf, *path) != leaf);
  return 0;
}
