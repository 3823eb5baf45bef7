#include <ratls/verify/snp/types.h>

#include <bit>

namespace ratls::snp {

namespace {

constexpr std::array kProducts{Product::milan, Product::genoa, Product::bergamo_siena,
                               Product::turin};

constexpr std::array<NamedBit, 9> kGuestPolicyBits{{{"smt", GuestPolicy::kSmt},
                                                    {"migration", GuestPolicy::kMigration},
                                                    {"debug", GuestPolicy::kDebug},
                                                    {"single_socket", 20},
                                                    {"cxl", 21},
                                                    {"aes_256_xts", 22},
                                                    {"rapl_disabled", 23},
                                                    {"ciphertext_hiding", 24},
                                                    {"page_swap_disabled", 25}}};

constexpr std::array<NamedBit, 8> kPlatformInfoBits{{{"smt_enabled", 0},
                                                     {"tsme_enabled", 1},
                                                     {"ecc_enabled", 2},
                                                     {"rapl_disabled", 3},
                                                     {"ciphertext_hiding", 4},
                                                     {"alias_check_complete", 5},
                                                     {"iommu_write_safe", 6},
                                                     {"tio_enabled", 7}}};

void add_shortfall(std::string& out, std::string_view component, int got, int floor) {
  if (got >= floor) return;
  if (!out.empty()) out += ", ";
  out += std::string(component) + " is " + std::to_string(floor - got) + " short of " +
         std::to_string(floor);
}

}  // namespace

std::span<const Product> all_products() noexcept {
  return kProducts;
}

std::string_view name(Product product) noexcept {
  switch (product) {
    case Product::milan:
      return "milan";
    case Product::genoa:
      return "genoa";
    case Product::bergamo_siena:
      return "bergamo_siena";
    case Product::turin:
      return "turin";
  }
  return "unknown";
}

std::optional<Product> parse_product(std::string_view text) noexcept {
  for (const Product product : kProducts) {
    if (name(product) == text) return product;
  }
  return std::nullopt;
}

ProductLine line_of(Product product) noexcept {
  switch (product) {
    case Product::milan:
      return ProductLine::milan;
    case Product::turin:
      return ProductLine::turin;
    case Product::genoa:
    case Product::bergamo_siena:
      break;
  }
  return ProductLine::genoa;
}

std::string_view amd_name(ProductLine line) noexcept {
  switch (line) {
    case ProductLine::milan:
      return "Milan";
    case ProductLine::genoa:
      return "Genoa";
    case ProductLine::turin:
      return "Turin";
  }
  return "unknown";
}

std::string_view name(SigningKeyKind kind) noexcept {
  return kind == SigningKeyKind::vcek ? "VCEK" : "VLEK";
}

bool Tcb::at_least(const Tcb& floor) const noexcept {
  if (fmc.has_value() != floor.fmc.has_value()) return false;
  return fmc.value_or(0) >= floor.fmc.value_or(0) && bootloader >= floor.bootloader &&
         tee >= floor.tee && snp >= floor.snp && microcode >= floor.microcode;
}

std::string Tcb::text() const {
  std::string out;
  out.reserve(40);  // "fmc 255 bl 255 tee 255 snp 255 ucode 255"
  if (fmc) out.append("fmc ").append(std::to_string(*fmc)).append(" ");
  out.append("bl ").append(std::to_string(bootloader));
  out.append(" tee ").append(std::to_string(tee));
  out.append(" snp ").append(std::to_string(snp));
  return out.append(" ucode ").append(std::to_string(microcode));
}

std::string Tcb::shortfall(const Tcb& floor) const {
  if (fmc.has_value() != floor.fmc.has_value()) return "only one of the two has an fmc";
  std::string out;
  add_shortfall(out, "fmc", fmc.value_or(0), floor.fmc.value_or(0));
  add_shortfall(out, "bootloader", bootloader, floor.bootloader);
  add_shortfall(out, "tee", tee, floor.tee);
  add_shortfall(out, "snp", snp, floor.snp);
  add_shortfall(out, "microcode", microcode, floor.microcode);
  return out;
}

std::string AbiVersion::text() const {
  return std::to_string(major) + "." + std::to_string(minor);
}

AbiVersion GuestPolicy::abi() const noexcept {
  return {static_cast<std::uint8_t>((raw >> 8U) & 0xffU), static_cast<std::uint8_t>(raw & 0xffU)};
}

std::span<const NamedBit> GuestPolicy::bits() noexcept {
  return kGuestPolicyBits;
}

std::string GuestPolicy::text() const {
  const auto on_off = [this](unsigned number) { return bit(number) ? " on" : " off"; };
  std::string out;
  out.reserve(64);  // no bit but those three, and one more
  out.append("debug").append(on_off(kDebug)).append(", migration").append(on_off(kMigration));
  out.append(", smt").append(on_off(kSmt));
  for (const NamedBit& known : kGuestPolicyBits) {
    if (known.bit > kDebug && bit(known.bit)) out.append(", ").append(known.name).append(" on");
  }
  return out;
}

std::span<const NamedBit> PlatformInfo::bits() noexcept {
  return kPlatformInfoBits;
}

std::uint64_t PlatformInfo::unknown() const noexcept {
  std::uint64_t left = raw;
  for (const NamedBit& known : kPlatformInfoBits) left &= ~(std::uint64_t{1} << known.bit);
  return left;
}

std::string PlatformInfo::text() const {
  return bit_names(kPlatformInfoBits, raw);
}

std::string bit_names(std::span<const NamedBit> bits, std::uint64_t raw) {
  std::string out;
  for (const NamedBit& known : bits) {
    if (((raw >> known.bit) & 1U) == 0) continue;
    out.append(out.empty() ? "" : ", ").append(known.name);
  }
  return out.empty() ? "none" : out;
}

std::string bit_numbers(std::uint64_t raw) {
  std::string out;
  for (; raw != 0; raw &= raw - 1) {
    out.append(out.empty() ? "" : ", ").append(std::to_string(std::countr_zero(raw)));
  }
  return out.empty() ? "none" : out;
}

std::string FirmwareVersion::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(build);
}

}  // namespace ratls::snp
