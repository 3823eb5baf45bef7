// A TLS leaf with evidence, and evidence alone, before a verifier: no input is accepted, and every
// refusal has its reason.
#include <ratls/verify/verifier.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

namespace {

Policy strict() {
  const auto code = *snp::Measurement::from(Bytes(48, 0xA5));
  return Policy::allow_only("guest", Covers::image, {code})
      .tcb_floor(snp::Product::genoa, {std::nullopt, 0, 0, 0, 0})
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .build()
      .value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FixedClock clock(Timestamp{1795478400});
  static const Verifier verifier(strict(), clock);
  const ByteView bytes(data, size);
  const auto leaf = verifier.verify_certificate({bytes, std::nullopt});
  must(!leaf.accepted && leaf.verdict.reason && !leaf.verdict.json().empty());
  const auto evidence = verifier.verify(bytes, SessionView{});
  must(!evidence.accepted && evidence.verdict.reason && !evidence.verdict.text().empty());
  return 0;
}
