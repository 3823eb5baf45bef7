// Minisign files, as keys and as signatures: what is good says what its signer said, and nothing is
// good for another message.
#include <ratls/verify/minisign.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

// Its secret half stands in write_trusted_seeds.cpp and signs one seed, over kMessage.
constexpr std::string_view kKey = "RWRPXe3wf/uWwSxPaV9rHcVLVb5c6Mw8mt4ABxa1/ahglen5di43Zxey";
constexpr std::string_view kMessage = "a policy";
constexpr std::string_view kComment = "what its signer said";

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = MinisignPublicKey::parse(as_bytes(kKey)).value();
  const ByteView bytes(data, size);
  const auto good = minisign_verify(key, as_bytes(kMessage), bytes);
  must(good ? *good == kComment : good.error().reason() == Reason::policy_signature_invalid);
  must(!minisign_verify(key, as_bytes("another policy"), bytes));
  if (const auto read = MinisignPublicKey::parse(bytes)) {
    const auto again = MinisignPublicKey::parse(as_bytes(read->file()));
    must(again && again->id == read->id);
  }
  static_cast<void>(MinisignSecretKey::parse(bytes));
  return 0;
}
