/// Under which names the collateral store keeps what.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <ratls/verify/collateral.h>
#include <ratls/verify/collateral/item.h>

namespace ratls::detail {

inline constexpr const char* kObjects = "objects";
inline constexpr const char* kDrafts = "tmp";
inline constexpr std::array<const char*, 4> kEntryFolders{"ca", "crl", "vcek", "vlek"};

/// Where a digest stands that leads to an object.
struct Entry {
  const char* folder = "";
  std::string name;

  [[nodiscard]] std::string path() const { return std::string(folder) + "/" + name; }
  friend bool operator==(const Entry& a, const Entry& b) { return a.path() == b.path(); }
};

/// Of a VCEK; nothing where the chip id is not one of this line, or hidden.
std::optional<Entry> vcek_entry(snp::ProductLine line, const snp::Tcb& tcb,
                                const snp::ChipId& chip_id);
/// What the names of all VLEKs for a TCB begin with.
std::string vlek_prefix(snp::ProductLine line, const snp::Tcb& tcb);
Entry crl_entry(snp::ProductLine line, snp::SigningKeyKind list, const Sha256Digest& ark);

/// Of any item; `list` says which of AMD's lists a CRL is.
Entry entry_of(const CollateralItem& item, snp::SigningKeyKind list);

/// What an entry's file holds: 64 hex digits and a line feed.
inline constexpr std::size_t kMaxEntrySize = 65;
std::string entry_text(const Sha256Digest& object);
std::optional<Sha256Digest> parse_entry(ByteView text);

/// "milan", "genoa", "turin".
std::string line_name(snp::ProductLine line);

}  // namespace ratls::detail
