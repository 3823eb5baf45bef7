/// The vocabulary of AMD SEV-SNP, by the names of AMD 56860 (SEV-SNP firmware ABI).
///
/// Threads: all types here are values; share const objects freely.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <ratls/core/bytes.h>

namespace ratls::snp {

/// Identity of a processor. On Turin the first 8 bytes count and the rest is zero.
using ChipId = FixedBytes<64, struct ChipIdTag>;
/// Launch digest: what was in the guest's memory when it started. See docs/policy.md for what it
/// does and does not cover on each cloud.
using Measurement = FixedBytes<48, struct MeasurementTag>;
/// 32 bytes that the host chose at launch. Not measured, and constant from then on.
using HostData = FixedBytes<32, struct HostDataTag>;
/// SHA-384 of an ID key or author key in the firmware's own format; zero without an ID block.
using KeyDigest = FixedBytes<48, struct KeyDigestTag>;
/// Constant over one guest's life.
using ReportId = FixedBytes<32, struct ReportIdTag>;
using FamilyId = FixedBytes<16, struct FamilyIdTag>;
using ImageId = FixedBytes<16, struct ImageIdTag>;

/// Processors whose evidence this release can judge. Bergamo and Siena use Genoa's keys and have
/// microcode numbers of their own, so they are a product of their own here.
enum class Product : std::uint8_t { milan, genoa, bergamo_siena, turin };

/// Every Product, in order.
std::span<const Product> all_products() noexcept;
/// The name that policies use: "milan", "genoa", "bergamo_siena", "turin".
std::string_view name(Product product) noexcept;
/// The Product of that name; nothing where there is none.
std::optional<Product> parse_product(std::string_view name) noexcept;

/// AMD's key hierarchies, one ARK each. Its name in certificates: "Milan", "Genoa", "Turin".
enum class ProductLine : std::uint8_t { milan, genoa, turin };
ProductLine line_of(Product product) noexcept;
std::string_view amd_name(ProductLine line) noexcept;

/// Which kind of key signed: derived from chip and TCB (VCEK), or given to a cloud provider (VLEK).
enum class SigningKeyKind : std::uint8_t { vcek, vlek };
/// "VCEK" or "VLEK".
std::string_view name(SigningKeyKind kind) noexcept;

/// Security versions of the firmware's components. Compared component by component: a higher
/// microcode never outweighs a lower SNP firmware, so there is no order between two of them.
/// Source: AMD 56860, TCB_VERSION.
struct Tcb {
  std::optional<std::uint8_t> fmc;  ///< Turin only
  std::uint8_t bootloader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;

  /// Is every component at least that of `floor`? Where only one side has an FMC: no.
  [[nodiscard]] bool at_least(const Tcb& floor) const noexcept;
  /// "bl 4 tee 0 snp 22 ucode 213", on Turin with "fmc 1 " before it.
  [[nodiscard]] std::string text() const;
  /// What of it is below `floor`, e.g. "snp is 1 short of 23"; empty where nothing is.
  [[nodiscard]] std::string shortfall(const Tcb& floor) const;

  friend bool operator==(const Tcb&, const Tcb&) = default;
  friend bool operator<(const Tcb&, const Tcb&) = delete;
  friend bool operator>(const Tcb&, const Tcb&) = delete;
  friend bool operator<=(const Tcb&, const Tcb&) = delete;
  friend bool operator>=(const Tcb&, const Tcb&) = delete;
};

/// Version of the firmware's ABI (AMD 56860), e.g. 1.55.
struct AbiVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;

  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const AbiVersion&, const AbiVersion&) = default;
};

/// A bit of a register, by the name that policies use.
struct NamedBit {
  std::string_view name;
  unsigned bit;
};

/// POLICY: what the guest's owner demanded at launch. Source: AMD 56860, Guest Policy.
struct GuestPolicy {
  static constexpr unsigned kSmt = 16;
  static constexpr unsigned kReservedOne = 17;
  static constexpr unsigned kMigration = 18;
  static constexpr unsigned kDebug = 19;
  /// smt, migration, debug, single_socket, cxl, aes_256_xts, rapl_disabled, ciphertext_hiding,
  /// page_swap_disabled.
  static std::span<const NamedBit> bits() noexcept;

  std::uint64_t raw = 0;

  [[nodiscard]] bool bit(unsigned number) const noexcept { return ((raw >> number) & 1U) != 0; }
  /// The host may read and write the guest's memory.
  [[nodiscard]] bool debug() const noexcept { return bit(kDebug); }
  /// A migration agent may export the guest.
  [[nodiscard]] bool migration() const noexcept { return bit(kMigration); }
  /// The guest may run with simultaneous multi-threading on.
  [[nodiscard]] bool smt() const noexcept { return bit(kSmt); }
  /// The oldest firmware ABI on which the guest's owner let it start.
  [[nodiscard]] AbiVersion abi() const noexcept;
  /// E.g. "debug off, migration off, smt on".
  [[nodiscard]] std::string text() const;
};

/// PLATFORM_INFO: how the machine is set up. Bits that this release does not know are kept.
/// Source: AMD 56860, PLATFORM_INFO.
struct PlatformInfo {
  /// smt_enabled, tsme_enabled, ecc_enabled, rapl_disabled, ciphertext_hiding,
  /// alias_check_complete, iommu_write_safe, tio_enabled.
  static std::span<const NamedBit> bits() noexcept;

  std::uint64_t raw = 0;

  /// Bits that are set and have no name here.
  [[nodiscard]] std::uint64_t unknown() const noexcept;
  /// The names of the set bits, e.g. "smt_enabled, ecc_enabled"; "none" without any.
  [[nodiscard]] std::string text() const;
};

/// The names of those of `bits` that are set in `raw`, comma-separated; "none" without any.
std::string bit_names(std::span<const NamedBit> bits, std::uint64_t raw);

/// The numbers of the bits that are set in `raw`, e.g. "0, 3"; "none" without any. For the
/// mitigation vectors, whose bits AMD's bulletins number and do not name.
std::string bit_numbers(std::uint64_t raw);

/// Version of the SNP firmware, e.g. 1.55.65.
struct FirmwareVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint8_t build = 0;

  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const FirmwareVersion&, const FirmwareVersion&) = default;
};

}  // namespace ratls::snp
