// Minisign files, as keys and as signatures: a signature that no key made is never good.
#include <ratls/verify/minisign.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = MinisignSecretKey::generate().value().public_key();
  const ByteView bytes(data, size);
  const auto good = minisign_verify(key, as_bytes("a policy"), bytes);
  must(!good && good.error().reason() == Reason::policy_signature_invalid);
  if (const auto read = MinisignPublicKey::parse(bytes)) {
    const auto again = MinisignPublicKey::parse(as_bytes(read->file()));
    must(again && again->id == read->id);
  }
  static_cast<void>(MinisignSecretKey::parse(bytes));
  return 0;
}
