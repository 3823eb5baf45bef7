/// The checks that tie a report to its certificate, the certificate to a root, and both to a time.
/// One function a check, one reason a function (docs/snp.md, section 4).
#pragma once

#include <ratls/core/clock.h>
#include <ratls/core/crl.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/snp/detail/endorsement.h>
#include <ratls/verify/snp/detail/report.h>

namespace ratls::snp::detail {

/// SIGNING_KEY names the kind that the certificate is. Errors: signing_key_mismatch.
Result<void> check_signing_key(const Report& report, const Endorsement& endorsement);

/// The product of the report: from its CPUID, which must fit the certificate; in version 2 from
/// the certificate (where Bergamo and Siena cannot be told from Genoa). Errors: product_mismatch.
Result<Product> check_product(const Report& report, const Endorsement& endorsement);

/// Which of the roots signed the certificate. Errors: chain_untrusted.
Result<const TrustedIssuer*> check_chain(const Endorsement& endorsement, const RootOfTrust& roots);

/// hwID equals CHIP_ID; on Turin its 8 bytes, the other 56 being zero. Nothing to compare behind
/// a VLEK. Errors: chip_id_mismatch, chip_id_masked.
Result<void> check_chip_id(const Report& report, const Endorsement& endorsement);

/// REPORTED_TCB equals the certificate's in every component. Errors: tcb_mismatch.
Result<void> check_endorsed_tcb(const Report& report, const Endorsement& endorsement);

/// The report's ECDSA signature, by the certificate's key. `report_bytes` is what `report` was read
/// from. Errors: signature_invalid.
Result<void> check_signature(ByteView report_bytes, const Report& report,
                             const Endorsement& endorsement);

/// notBefore - skew <= now <= notAfter. Errors: no_time, endorsement_not_yet_valid,
/// endorsement_expired.
Result<void> check_validity(const Endorsement& endorsement, const Clock& clock,
                            std::uint32_t max_skew_seconds = 0);

/// The list is signed by the ARK above `issuer`, whatever it says. Errors: crl_invalid.
Result<void> check_list_genuine(const Crl& crl, const TrustedIssuer& issuer);

}  // namespace ratls::snp::detail
