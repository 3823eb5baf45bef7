/// One endorsement, CA certificate or revocation list, read and judged: what it is, and which root
/// vouches for it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/core/result.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/snp/types.h>

namespace ratls {

/// ARK: AMD's root of a product line; ASK: signs VCEKs; ASVK: signs VLEKs.
enum class CollateralKind : std::uint8_t { vcek, vlek, ask, asvk, ark, crl };
/// "VCEK", "VLEK", "ASK", "ASVK", "ARK", "CRL".
std::string_view name(CollateralKind kind) noexcept;

/// What read_collateral() found. Genuine, as far as signatures tell; its dates are not judged.
struct CollateralItem {
  CollateralKind kind = CollateralKind::vcek;
  snp::ProductLine line = snp::ProductLine::milan;
  Bytes der;
  Sha256Digest digest;              ///< of `der`
  Sha256Digest ark;                 ///< id_of_ark() of the root that vouches for it
  bool simulated = false;           ///< that root is a simulator's
  snp::Tcb tcb;                     ///< VCEK, VLEK
  Bytes hardware_id;                ///< VCEK: 64 bytes, 8 on Turin
  std::string csp_id;               ///< VLEK
  Timestamp begins;                 ///< notBefore; thisUpdate of a list
  Timestamp ends;                   ///< notAfter; nextUpdate of a list
  std::optional<Bytes> crl_number;  ///< as Crl::number()
};

/// Largest item: Crl::kMaxSize, the largest certificate being smaller.
inline constexpr std::size_t kMaxCollateralSize = 65536;

/// Reads DER of a certificate or list of AMD's, and verifies its signature by `roots`. A CA
/// certificate must hold the very key that `roots` pins.
/// Errors: malformed_collateral (nothing of the kind); malformed_endorsement, chain_untrusted,
/// simulated_not_allowed (certificates); crl_invalid (lists).
Result<CollateralItem> read_collateral(ByteView der, const RootOfTrust& roots);

}  // namespace ratls
