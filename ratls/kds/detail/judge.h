/// Is an answer what was asked for, genuine, and of use now? What the server's TLS certificate said
/// counts for nothing here: only the pinned keys do.
#pragma once

#include <vector>

#include <ratls/core/clock.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/collateral/item.h>

namespace ratls::kds {

/// Errors: those of read_collateral(), malformed_endorsement, product_mismatch, chip_id_mismatch,
/// tcb_mismatch, endorsement_expired, endorsement_not_yet_valid, no_time.
Result<CollateralItem> judge_vcek(const EndorsementQuery& query, ByteView der,
                                  const RootOfTrust& roots, const Clock& clock);

/// Errors: crl_invalid, crl_stale (its next one is due already), no_time.
Result<CollateralItem> judge_crl(const CrlQuery& query, ByteView der, const RootOfTrust& roots,
                                 const Clock& clock);

/// PEM of exactly two certificates, which must hold the pinned keys: the ASK or ASVK, then the ARK.
/// Errors: those of read_collateral(), malformed_collateral.
Result<std::vector<CollateralItem>> judge_chain(snp::ProductLine line, snp::SigningKeyKind kind,
                                                ByteView pem, const RootOfTrust& roots);

}  // namespace ratls::kds
