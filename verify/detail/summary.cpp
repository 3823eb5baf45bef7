#include <ratls/verify/detail/summary.h>

#include <ratls/core/json.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls::detail {

namespace {
constexpr std::size_t kFields = 26;  // those below, and the two of an acceptance
}

PeerSummary summarise(const EvidenceState& state) {
  PeerSummary out;
  out.fields.reserve(kFields);
  const auto text = [&](std::string_view key, std::string_view value) {
    out.fields.push_back({key, value.empty() ? "null" : json::quoted(value)});
  };
  const auto& report = state.report;
  const auto& endorsement = *state.endorsement;
  text("tee", "sev-snp");
  text("product", snp::name(state.product));
  out.fields.push_back({"report_version", std::to_string(report.version)});
  text("signing_key", endorsement.kind == snp::SigningKeyKind::vcek ? "vcek" : "vlek");
  text("measurement", report.measurement.hex());
  text("chip_id", report.chip_id.is_zero() ? std::string() : report.chip_id.hex());
  text("csp_id", endorsement.csp_id);
  text("report_id", report.report_id.hex());
  text("report_data", report.report_data.hex());
  text("host_data", report.host_data.hex());
  text("id_key_digest", report.id_key_digest.hex());
  text("author_key_digest", report.author_key_digest.hex());
  text("family_id", report.family_id.hex());
  text("image_id", report.image_id.hex());
  out.fields.push_back({"guest_svn", std::to_string(report.guest_svn)});
  out.fields.push_back({"vmpl", std::to_string(report.vmpl)});
  text("guest_policy", snp::detail::hex_number(report.policy.raw));
  text("platform_info", snp::detail::hex_number(report.platform_info.raw));
  out.fields.push_back({"reported_tcb", snp::detail::json_of(report.reported_tcb)});
  out.fields.push_back({"committed_tcb", snp::detail::json_of(report.committed_tcb)});
  out.fields.push_back({"current_tcb", snp::detail::json_of(report.current_tcb)});
  text("firmware", report.current_firmware.text());
  text("endorsement_not_after", to_rfc3339(endorsement.certificate.not_after()));
  text("evidence_digest", state.digest.hex());
  return out;
}

}  // namespace ratls::detail
