#include <ratls/certgen/detail/endorsement_of.h>

#include <utility>

#include <ratls/certgen/certificate_table.h>
#include <ratls/certgen/detail/tcb_of.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>
#include <ratls/core/snp_report.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kKeyInfoOffset = 0x48;  // AMD 56860, ATTESTATION_REPORT
constexpr std::uint32_t kVlek = 1;

bool is_signed_by_vlek(ByteView report) {
  Reader in(report.subspan(kKeyInfoOffset), Reason::malformed_report);
  const auto key_info = in.u32le("KEY_INFO");
  return key_info && ((*key_info >> 2U) & 7U) == kVlek;
}

// After an update of its firmware a host may go on giving the certificate of before.
bool is_of_other_firmware(ByteView leaf, ByteView report) {
  const auto made_for = tcb_of_leaf(leaf);
  return made_for && made_for != reported_tcb(report);
}

}  // namespace

Result<AttestationReport> with_endorsement(Bytes report, ByteView table, const ReportData& asked) {
  if (report.size() != kSnpReportSize) {
    return Error(Reason::malformed_report, "the kernel gave a report of " +
                                               std::to_string(report.size()) + " bytes, not 1184");
  }
  const ByteView echoed = report_data_in(report);
  if (!equal_ct(echoed, asked.view())) {
    return Error(Reason::report_echo_mismatch, "the kernel gave a report over other REPORT_DATA");
  }
  AttestationReport out{std::move(report), std::nullopt};
  auto leaves = parse_certificate_table(table);
  if (!leaves) return out;
  out.endorsement =
      is_signed_by_vlek(out.report) ? std::move(leaves->vlek) : std::move(leaves->vcek);
  if (out.endorsement && is_of_other_firmware(*out.endorsement, out.report)) {
    out.endorsement.reset();
  }
  return out;
}

}  // namespace ratls::detail
