// What a key service says, as each of the three things that it can be asked for: nothing that a
// fuzzer makes is signed by AMD, so nothing is taken.
#include <ratls/kds/detail/judge.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FixedClock clock(Timestamp{1795478400});
  static const RootOfTrust roots = RootOfTrust::amd();
  constexpr auto kLine = snp::ProductLine::milan;
  constexpr auto kVcek = snp::SigningKeyKind::vcek;
  const ByteView bytes(data, size);
  EndorsementQuery query;
  query.kind = kVcek;
  query.line = kLine;
  must(!kds::judge_vcek(query, bytes, roots, clock));
  must(!kds::judge_crl({kLine, kVcek, std::nullopt}, bytes, roots, clock));
  must(!kds::judge_chain(kLine, kVcek, bytes, roots));
  return 0;
}
