/// ATTESTATION_REPORT, taken apart and not believed (AMD 56860; docs/snp.md, section 1).
#pragma once

#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/report_data.h>
#include <ratls/verify/snp/types.h>

namespace ratls::snp::detail {

/// One report of version 2 to 5, every field. Well-formed; nothing in it is believed yet.
struct Report {
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  GuestPolicy policy;
  FamilyId family_id;
  ImageId image_id;
  std::uint32_t vmpl = 0;
  Tcb current_tcb;
  PlatformInfo platform_info;
  bool author_key_enabled = false;
  SigningKeyKind signing_key = SigningKeyKind::vcek;
  ReportData report_data;
  Measurement measurement;
  HostData host_data;
  KeyDigest id_key_digest;
  KeyDigest author_key_digest;
  ReportId report_id;
  ReportId report_id_ma;
  Tcb reported_tcb;
  /// From the CPUID fields; absent in version 2, where only the certificate tells.
  std::optional<Product> product;
  std::uint8_t cpuid_family = 0;
  std::uint8_t cpuid_model = 0;
  std::uint8_t cpuid_stepping = 0;
  ChipId chip_id;
  Tcb committed_tcb;
  FirmwareVersion current_firmware;
  FirmwareVersion committed_firmware;
  Tcb launch_tcb;
  std::uint64_t launch_mitigations = 0;   ///< zero before version 5
  std::uint64_t current_mitigations = 0;  ///< zero before version 5

  crypto::P384Scalar r;  ///< big-endian, ready for verification
  crypto::P384Scalar s;
};

/// Reads exactly 1184 bytes. Every byte that AMD reserves must be zero, the padding and tail of
/// the unsigned signature area included. Errors: malformed_report, unsupported_version,
/// unsupported_product, unsupported_algorithm, host_requested_report, unsigned_report.
Result<Report> parse_report(ByteView bytes);

/// The REPORT_DATA of a report of the right size, read before anything else is (the session
/// binding is cheaper than the report's own checks). Errors: malformed_report.
Result<ReportData> peek_report_data(ByteView bytes);

/// SHA-384 of what the signature of such a report covers, bytes 0x000..0x29f as received.
/// Errors: malformed_report.
Result<Sha384Digest> signed_digest(ByteView bytes);

/// The product of a CPUID (combined family and model); nothing where this release knows none.
std::optional<Product> product_of(std::uint8_t family, std::uint8_t model) noexcept;

}  // namespace ratls::snp::detail
