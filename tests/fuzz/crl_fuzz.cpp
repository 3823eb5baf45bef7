// Revocation lists: every field stands in the bytes, and the bytes hold nothing else.
#include <ratls/core/crl.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::contains;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Reason kWhy = Reason::malformed_evidence;
  const ByteView bytes(data, size);
  const auto crl = Crl::parse(bytes, kWhy);
  if (!crl) {
    must(crl.error().reason() == kWhy);
    return 0;
  }
  must(contains(bytes, crl->tbs()) && contains(bytes, crl->signature()));
  must(contains(crl->tbs(), crl->issuer()));
  // A serial number of more bytes than the list has cannot be on it.
  must(!crl->lists(Bytes(size + 1, 0x01)));
  return 0;
}
