#include <ratls/certgen/sim/report.h>

#include <algorithm>

#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

namespace ratls::sim {
namespace {

constexpr std::size_t kComponentSize = 48;  // of R and S, in P-384
constexpr std::size_t kComponentField = 72;
constexpr std::size_t kSignatureTail = 368;

std::uint32_t key_info(const ReportOptions& options) {
  return (options.launch.author_key_en ? 1U : 0U) | (options.mask_chip_key ? 2U : 0U) |
         (static_cast<std::uint32_t>(options.signed_by) << 2U);
}

void write_version(Writer& out, const Version& version) {
  out.u8(version.build).u8(version.minor).u8(version.major).zeros(1);
}

// 0x000 to 0x14F: who the guest is.
void write_guest(Writer& out, const ReportOptions& options, const ReportData& data) {
  const GuestLaunch& launch = options.launch;
  out.u32le(options.version).u32le(launch.guest_svn).u64le(launch.policy);
  out.bytes(launch.family_id.view()).bytes(launch.image_id.view());
  out.u32le(options.vmpl).u32le(options.signature_algorithm);
  out.bytes(encode(options.product, options.firmware.current));
  out.u64le(options.firmware.platform_info).u32le(key_info(options)).zeros(4);
  out.bytes(data.view()).bytes(launch.measurement.view()).bytes(launch.host_data.view());
  out.bytes(launch.id_key_digest.view()).bytes(launch.author_key_digest.view());
  out.bytes(launch.report_id.view()).bytes(launch.report_id_ma.view());
}

void write_cpuid(Writer& out, const ReportOptions& options) {
  const bool known = options.version >= 3;
  const Cpuid id = known ? cpuid(options.product) : Cpuid{};
  out.u8(id.family).u8(id.model).u8(id.stepping).zeros(21);
}

// 0x180 to 0x29F: what the machine is.
void write_machine(Writer& out, const ReportOptions& options) {
  const Firmware& firmware = options.firmware;
  out.bytes(encode(options.product, firmware.reported));
  write_cpuid(out, options);
  out.bytes(options.chip_id.view()).bytes(encode(options.product, firmware.committed));
  write_version(out, firmware.current_version);
  write_version(out, firmware.committed_version);
  out.bytes(encode(options.product, firmware.launch));
  const bool mitigations = options.version >= 5;
  out.u64le(mitigations ? firmware.launch_mitigations : 0);
  out.u64le(mitigations ? firmware.current_mitigations : 0);
  out.zeros(152);
}

// Little-endian in a field of 72 bytes, although P-384 needs only 48.
void write_component(Writer& out, ByteView big_endian) {
  Bytes little(big_endian.begin(), big_endian.end());
  std::reverse(little.begin(), little.end());
  out.bytes(little).zeros(kComponentField - little.size());
}

}  // namespace

Digest48 GuestLaunch::default_measurement() noexcept {
  return Digest48(crypto::sha384({as_bytes("ratls simulated guest")}).array());
}

Value32 GuestLaunch::default_report_id() noexcept {
  return Value32(crypto::sha256({as_bytes("ratls simulated report id")}).array());
}

Value32 GuestLaunch::no_migration_agent() noexcept {
  Value32 id;
  std::fill(id.mutable_view().begin(), id.mutable_view().end(), std::uint8_t{0xff});
  return id;
}

ReportOptions report_of(Product product, const ChipId& chip_id) {
  ReportOptions options;
  options.product = product;
  options.chip_id = chip_id;
  options.firmware = recent_firmware(product);
  return options;
}

Bytes encode_report(const ReportOptions& options, const ReportData& data) {
  Writer out;
  write_guest(out, options, data);
  write_machine(out, options);
  return std::move(out).take();
}

Result<Bytes> sign_report(const AttestationKey& key, ByteView report) {
  if (report.size() != kSignedSize && report.size() != kSnpReportSize) {
    return Error(Reason::malformed_report,
                 "a report to sign is 672 or 1184 bytes, not " + std::to_string(report.size()));
  }
  const ByteView covered = report.first(kSignedSize);
  RATLS_TRY(const Bytes signature, key.sign_sha384(covered));
  Writer out;
  out.bytes(covered);
  write_component(out, ByteView(signature).first(kComponentSize));
  write_component(out, ByteView(signature).last(kComponentSize));
  out.zeros(kSignatureTail);
  return std::move(out).take();
}

Result<Bytes> make_report(const AttestationKey& key, const ReportOptions& options,
                          const ReportData& data) {
  Bytes report = encode_report(options, data);
  if (!options.mask_chip_key) return sign_report(key, report);
  report.resize(kSnpReportSize, 0);
  return report;
}

}  // namespace ratls::sim
