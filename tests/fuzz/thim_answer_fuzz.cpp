// What Azure's metadata service answers, which the host writes: a leaf is small, and what stands
// behind the answer is blank.
#include <ratls/certgen/detail/thim.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto leaf = detail::read_thim_leaf(bytes);
  if (!leaf) {
    must(leaf.error().reason() == Reason::malformed_endorsement);
    return 0;
  }
  must(size <= detail::kMaxThimAnswer && leaf->size() <= detail::kMaxThimLeaf);
  if (size == detail::kMaxThimAnswer) return 0;
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(' ');
  must(detail::read_thim_leaf(longer).value() == *leaf);
  longer.back() = '}';
  must(!detail::read_thim_leaf(longer));
  return 0;
}
