/// The processors that are simulated, and what differs between them.
///
/// Everything in namespace sim is a software imitation of an AMD secure processor, for tests and
/// demonstrations. What it signs proves nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ratls::sim {

enum class Product : std::uint8_t { milan, genoa, bergamo_siena, turin };
inline constexpr std::array<Product, 4> kAllProducts{Product::milan, Product::genoa,
                                                     Product::bergamo_siena, Product::turin};

/// "milan", "genoa", "bergamo_siena", "turin".
std::string_view name(Product product) noexcept;
/// The same, and with '-' for '_'.
std::optional<Product> parse_product(std::string_view text) noexcept;

/// Whose certificates a product uses: Bergamo and Siena use Genoa's.
enum class KeyLine : std::uint8_t { milan, genoa, turin };
KeyLine key_line(Product product) noexcept;
/// "milan", "genoa", "turin".
std::string_view name(KeyLine line) noexcept;
/// As AMD's certificates spell it: "Milan", "Genoa", "Turin".
std::string_view certificate_name(KeyLine line) noexcept;

/// CPUID Fn1 as reports of version 3 and later carry it (combined family and model).
struct Cpuid {
  std::uint8_t family = 0;
  std::uint8_t model = 0;
  std::uint8_t stepping = 0;
};
Cpuid cpuid(Product product) noexcept;

/// Security patch levels. `fmc` exists on Turin only.
struct Tcb {
  std::uint8_t fmc = 0;
  std::uint8_t bootloader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;
  friend bool operator==(const Tcb&, const Tcb&) = default;
};

/// "4/0/27/222" (boot loader, TEE, SNP, microcode), on Turin with the FMC before it: "1/1/1/4/81".
/// Nothing where the text is something else.
std::optional<Tcb> parse_tcb(std::string_view text, Product product) noexcept;
/// The same text.
std::string text_of(const Tcb& tcb, Product product);

/// TCB_VERSION in the product's own layout, least significant byte first (AMD 56860).
std::array<std::uint8_t, 8> encode(Product product, const Tcb& tcb) noexcept;

/// A firmware version, e.g. 1.55.35.
struct Version {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint8_t build = 0;
};

/// The state of the machine that a report tells.
struct Firmware {
  Tcb current;
  Tcb committed;
  Tcb launch;
  Tcb reported;
  Version current_version;
  Version committed_version;
  std::uint64_t platform_info = 0;
  std::uint64_t launch_mitigations = 0;   ///< version 5 and later
  std::uint64_t current_mitigations = 0;  ///< version 5 and later
};

/// Values as genuine machines of 2026 report them; all four TCBs the same.
Firmware recent_firmware(Product product) noexcept;

}  // namespace ratls::sim
