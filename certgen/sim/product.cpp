#include <ratls/certgen/sim/product.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <system_error>

namespace ratls::sim {
namespace {

struct Facts {
  std::string_view name;
  KeyLine line;
  Cpuid cpuid;
  Tcb tcb;
  Version version;
  std::uint64_t platform_info;
  std::uint64_t mitigations;
};

// CPUID, TCB, firmware version, PLATFORM_INFO and mitigation vectors stand in genuine version 5
// reports of each product.
constexpr std::array<Facts, 4> kFacts{{
    {"milan", KeyLine::milan, {0x19, 0x01, 1}, {0, 4, 0, 27, 222}, {1, 55, 35}, 0x25, 0x0b},
    {"genoa", KeyLine::genoa, {0x19, 0x11, 1}, {0, 10, 0, 25, 84}, {1, 55, 43}, 0x25, 0x01},
    {"bergamo_siena", KeyLine::genoa, {0x19, 0xa0, 2}, {0, 10, 0, 27, 27}, {1, 55, 49}, 0x25, 0x0b},
    {"turin", KeyLine::turin, {0x1a, 0x02, 1}, {1, 1, 1, 4, 81}, {1, 55, 65}, 0x65, 0x3f},
}};

const Facts& facts(Product product) noexcept {
  return kFacts[static_cast<std::size_t>(product)];
}

}  // namespace

std::string_view name(Product product) noexcept {
  return facts(product).name;
}

std::optional<Product> parse_product(std::string_view text) noexcept {
  for (const Product product : kAllProducts) {
    const std::string_view known = name(product);
    const bool same = std::equal(text.begin(), text.end(), known.begin(), known.end(),
                                 [](char a, char b) { return a == b || (a == '-' && b == '_'); });
    if (same) return product;
  }
  return std::nullopt;
}

KeyLine key_line(Product product) noexcept {
  return facts(product).line;
}

std::string_view name(KeyLine line) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"milan", "genoa", "turin"};
  return kNames[static_cast<std::size_t>(line)];
}

std::string_view certificate_name(KeyLine line) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"Milan", "Genoa", "Turin"};
  return kNames[static_cast<std::size_t>(line)];
}

Cpuid cpuid(Product product) noexcept {
  return facts(product).cpuid;
}

std::optional<Tcb> parse_tcb(std::string_view text, Product product) noexcept {
  std::array<std::uint8_t, 5> levels{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = product == Product::turin ? 0 : 1; i < levels.size(); ++i) {
    const auto parsed = std::from_chars(at, end, levels.at(i));
    const bool last = i + 1 == levels.size();
    if (parsed.ec != std::errc{} || (parsed.ptr == end) != last) return std::nullopt;
    if (last) break;
    if (*parsed.ptr != '/') return std::nullopt;
    at = std::next(parsed.ptr);
  }
  return Tcb{levels[0], levels[1], levels[2], levels[3], levels[4]};
}

std::string text_of(const Tcb& tcb, Product product) {
  const std::string fmc = product == Product::turin ? std::to_string(tcb.fmc) + "/" : "";
  return fmc + std::to_string(tcb.bootloader) + "/" + std::to_string(tcb.tee) + "/" +
         std::to_string(tcb.snp) + "/" + std::to_string(tcb.microcode);
}

std::array<std::uint8_t, 8> encode(Product product, const Tcb& tcb) noexcept {
  if (product == Product::turin) {
    return {tcb.fmc, tcb.bootloader, tcb.tee, tcb.snp, 0, 0, 0, tcb.microcode};
  }
  return {tcb.bootloader, tcb.tee, 0, 0, 0, 0, tcb.snp, tcb.microcode};
}

Firmware recent_firmware(Product product) noexcept {
  const Facts& known = facts(product);
  return Firmware{known.tcb,           known.tcb,         known.tcb,
                  known.tcb,           known.version,     known.version,
                  known.platform_info, known.mitigations, known.mitigations};
}

}  // namespace ratls::sim
