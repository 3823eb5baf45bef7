/// What an endorsement says of itself, in an item's words.
#pragma once

#include <ratls/verify/collateral/item.h>
#include <ratls/verify/snp/detail/endorsement.h>

namespace ratls::detail {

/// Fills in what does not depend on who vouches for it.
inline void describe(const snp::detail::Endorsement& endorsement, CollateralItem& item) {
  const bool vcek = endorsement.kind == snp::SigningKeyKind::vcek;
  item.kind = vcek ? CollateralKind::vcek : CollateralKind::vlek;
  item.line = endorsement.line;
  item.tcb = endorsement.tcb;
  item.hardware_id = endorsement.hardware_id;
  item.csp_id = endorsement.csp_id;
  item.begins = endorsement.certificate.not_before();
  item.ends = endorsement.certificate.not_after();
}

}  // namespace ratls::detail
