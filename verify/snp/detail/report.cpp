#include <ratls/verify/snp/detail/report.h>

#include <algorithm>

#include <ratls/core/reader.h>
#include <ratls/core/snp_report.h>

namespace ratls::snp::detail {

namespace {

constexpr std::size_t kSignedSize = 0x2a0;
constexpr std::size_t kCpuidOffset = 0x188;
constexpr std::uint32_t kAlgoEcdsaP384Sha384 = 1;
constexpr std::uint32_t kHostVmpl = 0xffffffff;
constexpr std::size_t kScalarSize = 48;
constexpr std::size_t kScalarPadding = 24;
constexpr std::size_t kSignatureTail = 512 - 2 * (kScalarSize + kScalarPadding);

Error malformed(std::string detail) {
  return Error(Reason::malformed_report, std::move(detail));
}

// Its text is made only where it is needed: a report is read for every session.
Result<void> reserved(Reader& in, std::size_t count, std::string_view what,
                      std::string_view field) {
  if (in.zeros(count, field)) return {};
  return malformed(std::string(what) + std::string(field) + " must be zero");
}

std::string hex_byte(std::uint8_t value) {
  return "0x" + to_hex(std::span(&value, 1));
}

Result<void> check_version(std::uint32_t version) {
  if (version >= 2 && version <= 5) return {};
  return Error(Reason::unsupported_version,
               "version " + std::to_string(version) + "; known are 2 to 5");
}

Result<void> check_policy(const GuestPolicy& policy) {
  if (!policy.bit(GuestPolicy::kReservedOne)) return malformed("POLICY bit 17 must be 1 and is 0");
  if ((policy.raw >> 26U) != 0) return malformed("POLICY bits 63:26 must be 0");
  return {};
}

Result<void> check_vmpl(std::uint32_t vmpl) {
  if (vmpl <= 3) return {};
  // AMD 56860, SNP_HV_REPORT_REQ: a report that the host asked for says nothing of who in the
  // guest chose REPORT_DATA.
  if (vmpl == kHostVmpl) return Error(Reason::host_requested_report, "VMPL is 0xffffffff");
  return malformed("VMPL is " + std::to_string(vmpl) + "; at most 3 exists");
}

Result<void> check_signature_algorithm(std::uint32_t algorithm) {
  if (algorithm == kAlgoEcdsaP384Sha384) return {};
  return Error(Reason::unsupported_algorithm,
               "SIGNATURE_ALGO is " + std::to_string(algorithm) + "; 1 is ECDSA P-384 SHA-384");
}

// AMD 56860, ATTESTATION_REPORT offset 0x48: AUTHOR_KEY_EN, MASK_CHIP_KEY, SIGNING_KEY.
Result<void> read_key_info(std::uint32_t info, Report& out) {
  if ((info >> 5U) != 0) return malformed("KEY_INFO bits 31:5 must be 0");
  out.author_key_enabled = (info & 1U) != 0;
  const std::uint32_t signing_key = (info >> 2U) & 7U;
  if (signing_key == 7) return Error(Reason::unsigned_report, "SIGNING_KEY is 7 (none)");
  if (signing_key > 1) return malformed("SIGNING_KEY is " + std::to_string(signing_key));
  out.signing_key = signing_key == 0 ? SigningKeyKind::vcek : SigningKeyKind::vlek;
  if ((info & 2U) != 0) return Error(Reason::unsigned_report, "MASK_CHIP_KEY is set");
  return {};
}

Result<void> read_cpuid(Reader in, Report& out) {
  if (out.version == 2) return in.zeros(3, "reserved bytes at 0x188");
  RATLS_TRY(out.cpuid_family, in.u8("CPUID_FAM_ID"));
  RATLS_TRY(out.cpuid_model, in.u8("CPUID_MOD_ID"));
  RATLS_TRY(out.cpuid_stepping, in.u8("CPUID_STEP"));
  out.product = product_of(out.cpuid_family, out.cpuid_model);
  if (out.product) return {};
  return Error(Reason::unsupported_product, "CPUID family " + hex_byte(out.cpuid_family) +
                                                " model " + hex_byte(out.cpuid_model));
}

// AMD 56860, TCB_VERSION. Turin has an FMC below the boot loader; the others do not.
Result<Tcb> read_tcb(Reader& in, bool turin, std::string_view field) {
  Tcb out;
  if (turin) {
    RATLS_TRY(out.fmc, in.u8(field));
  }
  RATLS_TRY(out.bootloader, in.u8(field));
  RATLS_TRY(out.tee, in.u8(field));
  if (!turin) RATLS_CHECK(reserved(in, 4, "reserved bytes of ", field));
  RATLS_TRY(out.snp, in.u8(field));
  if (turin) RATLS_CHECK(reserved(in, 3, "reserved bytes of ", field));
  RATLS_TRY(out.microcode, in.u8(field));
  return out;
}

Result<FirmwareVersion> read_firmware(Reader& in, std::string_view field) {
  FirmwareVersion out;
  RATLS_TRY(out.build, in.u8(field));
  RATLS_TRY(out.minor, in.u8(field));
  RATLS_TRY(out.major, in.u8(field));
  RATLS_CHECK(reserved(in, 1, "the reserved byte after ", field));
  return out;
}

Result<void> read_head(Reader& in, Report& out, bool turin) {
  RATLS_TRY(out.guest_svn, in.u32le("GUEST_SVN"));
  RATLS_TRY(out.policy.raw, in.u64le("POLICY"));
  RATLS_CHECK(check_policy(out.policy));
  RATLS_TRY(out.family_id, in.fixed<FamilyId>("FAMILY_ID"));
  RATLS_TRY(out.image_id, in.fixed<ImageId>("IMAGE_ID"));
  RATLS_TRY(out.vmpl, in.u32le("VMPL"));
  RATLS_CHECK(check_vmpl(out.vmpl));
  RATLS_TRY(const std::uint32_t algorithm, in.u32le("SIGNATURE_ALGO"));
  RATLS_CHECK(check_signature_algorithm(algorithm));
  RATLS_TRY(out.current_tcb, read_tcb(in, turin, "CURRENT_TCB"));
  RATLS_TRY(out.platform_info.raw, in.u64le("PLATFORM_INFO"));
  RATLS_TRY(const std::uint32_t key_info, in.u32le("KEY_INFO"));
  RATLS_CHECK(read_key_info(key_info, out));
  return in.zeros(4, "reserved bytes at 0x4c");
}

Result<void> read_identity(Reader& in, Report& out) {
  RATLS_TRY(out.report_data, in.fixed<ReportData>("REPORT_DATA"));
  RATLS_TRY(out.measurement, in.fixed<Measurement>("MEASUREMENT"));
  RATLS_TRY(out.host_data, in.fixed<HostData>("HOST_DATA"));
  RATLS_TRY(out.id_key_digest, in.fixed<KeyDigest>("ID_KEY_DIGEST"));
  RATLS_TRY(out.author_key_digest, in.fixed<KeyDigest>("AUTHOR_KEY_DIGEST"));
  RATLS_TRY(out.report_id, in.fixed<ReportId>("REPORT_ID"));
  RATLS_TRY(out.report_id_ma, in.fixed<ReportId>("REPORT_ID_MA"));
  return {};
}

Result<void> read_platform(Reader& in, Report& out, bool turin) {
  RATLS_TRY(out.reported_tcb, read_tcb(in, turin, "REPORTED_TCB"));
  RATLS_TRY([[maybe_unused]] const ByteView cpuid, in.bytes(3, "CPUID"));
  RATLS_CHECK(in.zeros(21, "reserved bytes at 0x18b"));
  RATLS_TRY(out.chip_id, in.fixed<ChipId>("CHIP_ID"));
  RATLS_TRY(out.committed_tcb, read_tcb(in, turin, "COMMITTED_TCB"));
  RATLS_TRY(out.current_firmware, read_firmware(in, "the current firmware version"));
  RATLS_TRY(out.committed_firmware, read_firmware(in, "the committed firmware version"));
  RATLS_TRY(out.launch_tcb, read_tcb(in, turin, "LAUNCH_TCB"));
  if (out.version < 5) return in.zeros(168, "reserved bytes at 0x1f8");
  RATLS_TRY(out.launch_mitigations, in.u64le("LAUNCH_MIT_VECTOR"));
  RATLS_TRY(out.current_mitigations, in.u64le("CURRENT_MIT_VECTOR"));
  return in.zeros(152, "reserved bytes at 0x208");
}

// R and S are 72 bytes little-endian; a P-384 scalar fills 48 of them. ECDSA does not cover these
// bytes, so the padding is refused here, never cut off.
Result<crypto::P384Scalar> read_scalar(Reader& in, std::string_view field) {
  RATLS_TRY(const ByteView little_endian, in.bytes(kScalarSize, field));
  RATLS_CHECK(reserved(in, kScalarPadding, "padding of ", field));
  crypto::P384Scalar out;
  std::reverse_copy(little_endian.begin(), little_endian.end(), out.mutable_view().begin());
  return out;
}

Result<void> read_signature(Reader& in, Report& out) {
  RATLS_TRY(out.r, read_scalar(in, "SIGNATURE.R"));
  RATLS_TRY(out.s, read_scalar(in, "SIGNATURE.S"));
  RATLS_CHECK(in.zeros(kSignatureTail, "reserved bytes after the signature"));
  return in.finish("the report");
}

// Version 2 has no CPUID, and Turin's TCB layout differs: bytes could not be told apart. Turin's
// CHIP_ID has 8 bytes; an all-zero one is a masked chip or a VLEK of another product.
Result<void> refuse_turin_without_cpuid(const Report& report) {
  const bool eight_bytes = is_zero(report.chip_id.view().subspan(8)) && !report.chip_id.is_zero();
  if (report.version != 2 || !eight_bytes) return {};
  return Error(Reason::unsupported_product,
               "a version 2 report with Turin's 8-byte CHIP_ID; its TCB layout is unknown");
}

// What else people have in their hands when they think it is a report.
std::string_view looks_like(ByteView bytes) {
  if (bytes.size() == 4000) {
    return " (the driver's snp_report_resp? the report begins at byte 32 of it)";
  }
  if (bytes.size() == 2600) return " (Azure's HCL report? the report begins at byte 32 of it)";
  if (!bytes.empty() && bytes[0] == '-') return " (PEM? that is a certificate, not a report)";
  if (bytes.size() > kSnpReportSize && bytes.size() < 3 * kSnpReportSize &&
      std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b >= 0x0a && b < 0x7f; })) {
    return " (text? decode its hex or base64 first)";
  }
  return "";
}

Result<void> check_size(ByteView bytes) {
  if (bytes.size() == kSnpReportSize) return {};
  return malformed(std::to_string(bytes.size()) + " bytes instead of 1184" +
                   std::string(looks_like(bytes)));
}

}  // namespace

std::optional<Product> product_of(std::uint8_t family, std::uint8_t model) noexcept {
  if (family == 0x19) {
    if (model <= 0x0f) return Product::milan;
    if (model >= 0x10 && model <= 0x1f) return Product::genoa;
    if (model >= 0xa0 && model <= 0xaf) return Product::bergamo_siena;
  }
  // Venice (family 0x1a, models 0x50 and up) encodes its TCB in another way and stays unknown.
  if (family == 0x1a && model <= 0x11) return Product::turin;
  return std::nullopt;
}

Result<ReportData> peek_report_data(ByteView bytes) {
  RATLS_CHECK(check_size(bytes));
  return *ReportData::from(report_data_in(bytes));
}

Result<Sha384Digest> signed_digest(ByteView bytes) {
  RATLS_CHECK(check_size(bytes));
  return crypto::sha384({bytes.first(kSignedSize)});
}

Result<Report> parse_report(ByteView bytes) {
  RATLS_CHECK(check_size(bytes));
  Report out;
  Reader in(bytes, Reason::malformed_report);
  RATLS_TRY(out.version, in.u32le("VERSION"));
  RATLS_CHECK(check_version(out.version));
  RATLS_CHECK(read_cpuid(Reader(bytes.subspan(kCpuidOffset), Reason::malformed_report), out));
  const bool turin = out.product == Product::turin;
  RATLS_CHECK(read_head(in, out, turin));
  RATLS_CHECK(read_identity(in, out));
  RATLS_CHECK(read_platform(in, out, turin));
  RATLS_CHECK(refuse_turin_without_cpuid(out));
  RATLS_CHECK(read_signature(in, out));
  return out;
}

}  // namespace ratls::snp::detail
