/// The table of certificates that a host gives a guest beside its reports: auxblob of configfs-tsm,
/// and the buffer of SNP_GET_EXT_REPORT (GHCB specification 2.0, section 4.1.8.1).
///
/// Everything in it is the host's. A guest takes the leaf out of it, to staple it to its evidence,
/// and believes none of it: the verifier judges the leaf, and has the roots.
#pragma once

#include <optional>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// The most bytes of a table.
inline constexpr std::size_t kMaxCertificateTable = 65536;

/// The leaves of a table, DER; absent where the host gave none. Owned copies.
struct CertificateTable {
  std::optional<Bytes> vcek;
  std::optional<Bytes> vlek;
};

/// Entries of 24 bytes (GUID in text order, offset and length as u32 little-endian), ended by one
/// of zeros; contents behind them, DER or PEM. Refused: no end, an entry twice, contents outside
/// the table or over its entries, contents that overlap, empty contents, more than 64 entries. An
/// empty input is a table without entries. Errors: malformed_certificate_table.
Result<CertificateTable> parse_certificate_table(ByteView table);

}  // namespace ratls
