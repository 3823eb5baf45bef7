/// ATTESTATION_REPORT as AMD's firmware lays it out (AMD 56860), every field settable.
#pragma once

#include <cstdint>

#include <ratls/certgen/sim/attestation_key.h>
#include <ratls/certgen/sim/product.h>
#include <ratls/core/bytes.h>
#include <ratls/core/report_data.h>
#include <ratls/core/result.h>

namespace ratls::sim {

/// Size of what is signed; the signature's 512 bytes follow.
inline constexpr std::size_t kSignedSize = 0x2a0;

using ChipId = FixedBytes<64, struct SimulatedChipIdTag>;
using Digest48 = FixedBytes<48, struct SimulatedDigestTag>;
using Value32 = FixedBytes<32, struct SimulatedValueTag>;
using Value16 = FixedBytes<16, struct SimulatedIdTag>;

/// Which key signs (KEY_INFO bits 4:2).
enum class SignedBy : std::uint8_t { vcek = 0, vlek = 1 };

/// Bits of POLICY.
inline constexpr std::uint64_t kPolicySmt = 1ULL << 16;
inline constexpr std::uint64_t kPolicyReserved1 = 1ULL << 17;
inline constexpr std::uint64_t kPolicyMigrateMa = 1ULL << 18;
inline constexpr std::uint64_t kPolicyDebug = 1ULL << 19;

/// What was decided when the guest was launched.
struct GuestLaunch {
  Digest48 measurement = default_measurement();
  std::uint64_t policy = kPolicySmt | kPolicyReserved1;
  std::uint32_t guest_svn = 0;
  Value16 family_id;
  Value16 image_id;
  Value32 host_data;
  Digest48 id_key_digest;
  Digest48 author_key_digest;
  bool author_key_en = false;
  Value32 report_id = default_report_id();
  Value32 report_id_ma = no_migration_agent();

  /// SHA-384("ratls simulated guest").
  static Digest48 default_measurement() noexcept;
  static Value32 default_report_id() noexcept;
  static Value32 no_migration_agent() noexcept;  ///< all 0xff
};

/// One report but for its REPORT_DATA.
struct ReportOptions {
  Product product = Product::milan;
  ChipId chip_id;  ///< on Turin only the first 8 bytes are used by hardware
  Firmware firmware;
  GuestLaunch launch;
  std::uint32_t version = 5;  ///< 2: no CPUID; 3, 4: no mitigation vectors
  std::uint32_t vmpl = 0;
  std::uint32_t signature_algorithm = 1;
  SignedBy signed_by = SignedBy::vcek;
  bool mask_chip_key = false;  ///< the firmware then writes zeros instead of a signature
};

/// `product` with its recent firmware, a version 5 report at VMPL 0.
ReportOptions report_of(Product product, const ChipId& chip_id);

/// The signed part, kSignedSize bytes.
Bytes encode_report(const ReportOptions& options, const ReportData& data);

/// `report` (kSignedSize or 1184 bytes, whatever stands in it) with a fresh signature over its
/// first kSignedSize bytes: 1184 bytes. For negative tests too. Errors: malformed_report for
/// another size; internal.
Result<Bytes> sign_report(const AttestationKey& key, ByteView report);

/// encode_report() and sign_report(), or zeros for a signature where MASK_CHIP_KEY is set.
Result<Bytes> make_report(const AttestationKey& key, const ReportOptions& options,
                          const ReportData& data);

}  // namespace ratls::sim
