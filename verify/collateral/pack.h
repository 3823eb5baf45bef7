/// Offline packs: many certificates and lists in one file, for machines without a network.
#pragma once

#include <vector>

#include <ratls/core/result.h>
#include <ratls/verify/collateral/store.h>

namespace ratls {

/// One item of a pack, not believed.
struct PackItem {
  bool is_crl = false;
  snp::SigningKeyKind list = snp::SigningKeyKind::vcek;  ///< of a CRL: AMD's list for these
  Bytes der;
};

/// Most items, and bytes, that one pack may hold.
inline constexpr std::size_t kMaxPackItems = 16384;
inline constexpr std::size_t kMaxPackSize = 64ULL * 1024 * 1024;

/// Does the file begin as a pack does? Says nothing about the rest of it.
bool looks_like_pack(ByteView file);

/// Deterministic CBOR: the same items make the same bytes, in whatever order they come.
/// {0: "ratls.collateral", 1: 1, 2: [[kind, DER], ...]}, where kind is 0 for a certificate, 1 for
/// the list for VCEKs, 2 for the list for VLEKs, and items rise by kind and then by DER.
/// Errors: collateral_full (more than a pack may hold).
Result<Bytes> write_pack(const std::vector<StoredCollateral>& items);

/// The whole file or nothing. Nothing in it is believed: put each item.
/// Errors: malformed_collateral.
Result<std::vector<PackItem>> read_pack(ByteView file);

}  // namespace ratls
