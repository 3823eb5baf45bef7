// The evidence, in its extension and bare: what is decoded has exactly one encoding.
#include <ratls/core/claims.h>
#include <ratls/core/evidence.h>
#include <ratls/core/merkle.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

namespace {

void check(const EvidenceEnvelope& evidence, ByteView cbor) {
  must(evidence.report.size() == (evidence.azure ? 0 : kSnpReportSize));
  must(!evidence.claims.empty());
  must(cbor.size() <= kMaxEvidenceSize);
  must(equal_ct(evidence.encode().value(), cbor));
  // What a verifier does next with the parts.
  if (const auto claims = Claims::decode(evidence.claims)) must(claims->encode().has_value());
  if (!evidence.path) return;
  if (const auto path = merkle::Path::decode(*evidence.path)) {
    must(path->encode().value() == *evidence.path);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto bare = EvidenceEnvelope::decode(bytes)) check(*bare, bytes);
  const auto inside = EvidenceEnvelope::unwrap_extension(bytes);
  const auto evidence = EvidenceEnvelope::decode_extension(bytes);
  if (!evidence) {
    must(evidence.error().reason() == Reason::malformed_evidence);
    return 0;
  }
  check(*evidence, inside.value());
  must(equal_ct(evidence->encode_extension().value(), bytes));
  return 0;
}
