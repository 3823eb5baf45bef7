#include <ratls/verify/snp/detail/describe.h>

#include <ratls/core/json.h>

namespace ratls::snp::detail {

namespace {

constexpr std::size_t kNameWidth = 21;

std::string row(std::string_view name, const std::string& value) {
  std::string out(name);
  if (out.size() < kNameWidth) out.append(kNameWidth - out.size(), ' ');
  return "  " + out + value + "\n";
}

std::string product_text(const Report& report) {
  if (!report.product) return "not in a version 2 report; only the certificate tells";
  return std::string(name(*report.product)) + " (family " + hex_number(report.cpuid_family) +
         " model " + hex_number(report.cpuid_model) + " stepping " +
         hex_number(report.cpuid_stepping) + ")";
}

std::string platform_text(const PlatformInfo& info) {
  std::string out = hex_number(info.raw) + " (" + info.text();
  if (info.unknown() != 0) out += "; unknown bits " + hex_number(info.unknown());
  return out + ")";
}

std::string identity_rows(const Report& report) {
  return row("measurement", report.measurement.hex()) +
         row("report_data", report.report_data.hex()) + row("host_data", report.host_data.hex()) +
         row("id_key_digest", report.id_key_digest.hex()) +
         row("author_key_digest", report.author_key_digest.hex()) +
         row("author_key_enabled", report.author_key_enabled ? "yes" : "no") +
         row("family_id", report.family_id.hex()) + row("image_id", report.image_id.hex()) +
         row("guest_svn", std::to_string(report.guest_svn)) +
         row("report_id", report.report_id.hex()) + row("report_id_ma", report.report_id_ma.hex()) +
         row("chip_id", report.chip_id.hex());
}

std::string tcb_rows(const Report& report) {
  return row("reported_tcb", report.reported_tcb.text()) +
         row("committed_tcb", report.committed_tcb.text()) +
         row("current_tcb", report.current_tcb.text()) +
         row("launch_tcb", report.launch_tcb.text()) +
         row("current_firmware", report.current_firmware.text()) +
         row("committed_firmware", report.committed_firmware.text()) +
         row("launch_mitigations", hex_number(report.launch_mitigations)) +
         row("current_mitigations", hex_number(report.current_mitigations));
}

json::Object& add_identity(json::Object& out, const Report& report) {
  out.text("measurement", report.measurement.hex()).text("report_data", report.report_data.hex());
  out.text("host_data", report.host_data.hex()).text("id_key_digest", report.id_key_digest.hex());
  out.text("author_key_digest", report.author_key_digest.hex());
  out.boolean("author_key_enabled", report.author_key_enabled);
  out.text("family_id", report.family_id.hex()).text("image_id", report.image_id.hex());
  out.number("guest_svn", report.guest_svn).text("report_id", report.report_id.hex());
  return out.text("report_id_ma", report.report_id_ma.hex()).text("chip_id", report.chip_id.hex());
}

json::Object& add_tcbs(json::Object& out, const Report& report) {
  out.raw("reported_tcb", json_of(report.reported_tcb));
  out.raw("committed_tcb", json_of(report.committed_tcb));
  out.raw("current_tcb", json_of(report.current_tcb));
  out.raw("launch_tcb", json_of(report.launch_tcb));
  out.text("current_firmware", report.current_firmware.text());
  out.text("committed_firmware", report.committed_firmware.text());
  out.text("launch_mitigations", hex_number(report.launch_mitigations));
  return out.text("current_mitigations", hex_number(report.current_mitigations));
}

json::Object& add_cpuid(json::Object& out, const Report& report) {
  out.text_or_null("product", report.product ? name(*report.product) : std::string_view());
  if (!report.product) return out.null("cpuid");
  json::Object cpuid;
  cpuid.number("family", report.cpuid_family).number("model", report.cpuid_model);
  return out.raw("cpuid", cpuid.number("stepping", report.cpuid_stepping).str());
}

}  // namespace

std::string hex_number(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), kDigits[value & 0xfU]);
    value >>= 4U;
  } while (value != 0);
  return "0x" + digits;
}

std::string json_of(const Tcb& tcb) {
  json::Object out;
  if (tcb.fmc) out.number("fmc", *tcb.fmc);
  out.number("bootloader", tcb.bootloader).number("tee", tcb.tee).number("snp", tcb.snp);
  return out.number("microcode", tcb.microcode).str();
}

std::string text_of(const Report& report) {
  return row("version", std::to_string(report.version)) + row("product", product_text(report)) +
         row("signing_key", std::string(name(report.signing_key))) +
         row("vmpl", std::to_string(report.vmpl)) +
         row("guest_policy", hex_number(report.policy.raw) + " (" + report.policy.text() +
                                 ", ABI " + report.policy.abi().text() + ")") +
         row("platform_info", platform_text(report.platform_info)) + identity_rows(report) +
         tcb_rows(report);
}

std::string json_of(const Report& report) {
  json::Object out;
  out.number("version", report.version);
  add_cpuid(out, report);
  out.text("signing_key", report.signing_key == SigningKeyKind::vcek ? "vcek" : "vlek");
  out.number("vmpl", report.vmpl).text("guest_policy", hex_number(report.policy.raw));
  out.text("platform_info", hex_number(report.platform_info.raw));
  out.text("platform_info_unknown", hex_number(report.platform_info.unknown()));
  add_identity(out, report);
  return add_tcbs(out, report).str();
}

}  // namespace ratls::snp::detail
