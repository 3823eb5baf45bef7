// Revocation lists under a trusted key: none is fresh to a clock that it is not valid at, and one
// that names the key's certificate revokes it.
#include <ratls/core/crl.h>
#include <ratls/verify/detail/revocation.h>

#include "trusted_parts.h"

using namespace ratls;
using fuzz::must;

namespace {

bool is_of_revocation(Reason reason) {
  return reason == Reason::crl_missing || reason == Reason::crl_invalid ||
         reason == Reason::crl_stale || reason == Reason::revoked;
}

bool accepts(ByteView list, const TrustedIssuer& issuer, std::int64_t seconds_later) {
  const FixedClock clock(Timestamp{fuzz::kSeedTime.unix_seconds + seconds_later});
  std::string hint;
  const auto said =
      detail::check_revocation(list, issuer, Revocation::require(48), clock, {}, hint);
  must(said || is_of_revocation(said.error().reason()));
  return said.has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kYears = 3LL * 365 * 86400;
  const auto parts = fuzz::TrustedParts::read({data, size});
  if (!parts) return 0;
  const auto roots = RootOfTrust::amd_and_simulators({parts->root});
  if (!roots) return 0;
  const auto list = Crl::parse(parts->crl, Reason::crl_invalid);
  for (const auto kind : {snp::SigningKeyKind::vcek, snp::SigningKeyKind::vlek}) {
    for (const TrustedIssuer* issuer : roots->issuers(parts->root.line, kind)) {
      const bool accepted = accepts(parts->crl, *issuer, 0);
      must(!accepted || (list && issuer->simulated && !list->lists(issuer->serial)));
      must(!accepts(parts->crl, *issuer, kYears) && !accepts(parts->crl, *issuer, -kYears));
    }
  }
  return 0;
}
