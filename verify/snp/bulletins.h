/// Minimum TCB levels of AMD's security bulletins, as this release knows them (bulletins.def).
#pragma once

#include <span>
#include <string_view>

#include <ratls/verify/snp/types.h>

namespace ratls::snp {

/// The day on which the list was put together. Newer bulletins are not in it.
inline constexpr std::string_view kBulletinsAsOf = "2026-11-24";

struct Bulletin {
  std::string_view id;  ///< "AMD-SB-3019"
  std::string_view cve;
  std::string_view subject;
  std::string_view note;  ///< what else is to be done, or why there is no number; may be empty
};

/// One number of a bulletin.
struct BulletinFloor {
  std::string_view bulletin;
  Product product;
  std::string_view component;  ///< "snp" or "microcode"
  std::uint8_t level;
  std::uint8_t level_x;     ///< of parts with 3D V-Cache (stepping 2); 0: no other
  std::string_view source;  ///< who quotes it from the bulletin
};

std::span<const Bulletin> bulletins() noexcept;
std::span<const BulletinFloor> bulletin_floors() noexcept;

}  // namespace ratls::snp
