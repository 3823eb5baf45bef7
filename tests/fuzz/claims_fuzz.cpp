// Claims: what is decoded encodes to itself, but for the unknown keys, which are dropped.
#include <ratls/core/claims.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto claims = Claims::decode(bytes);
  if (!claims) {
    must(claims.error().reason() == Reason::malformed_evidence);
    return 0;
  }
  must(valid_pair(claims->role, claims->level));
  must(claims->binder.has_value() == (claims->level != Level::key));
  const Bytes known = claims->encode().value();
  must(known.size() <= size);
  if (known.size() == size) must(equal_ct(known, bytes));
  must(Claims::decode(known).value().encode().value() == known);
  return 0;
}
