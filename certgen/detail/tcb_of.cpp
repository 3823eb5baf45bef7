#include <ratls/certgen/detail/tcb_of.h>

#include <array>
#include <map>
#include <string>

#include <ratls/core/evidence.h>
#include <ratls/core/x509.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kChipId = 0x1a0;  // AMD 56860, ATTESTATION_REPORT
constexpr std::size_t kChipIdSize = 64;
constexpr std::size_t kTurinIdSize = 8;
constexpr const char* kHardwareId = "1.3.6.1.4.1.3704.1.4";  // AMD 57230
constexpr const char* kLevels = "1.3.6.1.4.1.3704.1.3.";     // AMD 57230

/// A level's extension, and the byte of TCB_VERSION it stands in.
struct Place {
  char extension;
  std::size_t at;
};
constexpr std::array<Place, 4> kMilanAndGenoa{{{'1', 0}, {'2', 1}, {'3', 6}, {'8', 7}}};
constexpr std::array<Place, 5> kTurin{{{'9', 0}, {'1', 1}, {'2', 2}, {'3', 3}, {'8', 7}}};

// INTEGER of 0 to 255; from 128 on with a leading zero (X.690, 8.3).
std::optional<std::uint8_t> level_in(const Bytes& value) {
  if (value.size() == 3 && value[0] == 2 && value[1] == 1) return value[2];
  if (value.size() == 4 && value[0] == 2 && value[1] == 2 && value[2] == 0) return value[3];
  return std::nullopt;
}

template <std::size_t N>
std::optional<ReportedTcb> arrange(const std::map<char, std::uint8_t>& levels,
                                   const std::array<Place, N>& places) {
  ReportedTcb out;
  for (const Place& place : places) {
    const auto found = levels.find(place.extension);
    if (found == levels.end()) return std::nullopt;
    out.mutable_view()[place.at] = found->second;
  }
  return out;
}

}  // namespace

std::optional<ReportedTcb> tcb_of_leaf(ByteView der) {
  const auto leaf = Certificate::parse(der, Reason::malformed_endorsement);
  if (!leaf) return std::nullopt;
  const std::string prefix = kLevels;
  std::map<char, std::uint8_t> levels;
  for (const auto& extension : leaf->extensions()) {
    if (!extension.oid.starts_with(prefix) || extension.oid.size() != prefix.size() + 1) continue;
    const auto level = level_in(extension.value);
    if (!level) return std::nullopt;
    levels[extension.oid.back()] = *level;
  }
  return levels.contains('9') ? arrange(levels, kTurin) : arrange(levels, kMilanAndGenoa);
}

bool is_of_chip(ByteView der, ByteView report) {
  const auto leaf = Certificate::parse(der, Reason::malformed_endorsement);
  if (!leaf || report.size() != kSnpReportSize) return false;
  const ByteView chip = report.subspan(kChipId, kChipIdSize);
  for (const auto& extension : leaf->extensions()) {
    if (extension.oid != kHardwareId) continue;
    const ByteView id = extension.value;
    if (id.size() != kChipIdSize && id.size() != kTurinIdSize) return false;
    return !is_zero(chip) && equal_ct(id, chip.first(id.size())) &&
           is_zero(chip.subspan(id.size()));
  }
  return false;
}

}  // namespace ratls::detail
