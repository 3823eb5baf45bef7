#include <ratls/verify/detail/report_data.h>

#include <ratls/core/merkle.h>
#include <ratls/verify/azure/detail/checks.h>

namespace ratls::detail {

Result<void> check_report_data(const EvidenceState& state) {
  merkle::Path path;
  if (state.path_cbor) {
    RATLS_TRY(path, merkle::Path::decode(*state.path_cbor));
  }
  const auto root = merkle::fold(merkle::leaf(state.claims_cbor), path);
  const ReportData wanted = report_data_for(root);
  if (state.azure) return azure::detail::check_qualifying_data(*state.azure, wanted);
  RATLS_TRY(const ReportData shown, snp::detail::peek_report_data(state.report_bytes));
  if (equal_ct(wanted.view(), shown.view())) return {};
  return Error(Reason::binding_mismatch, "REPORT_DATA does not cover these claims");
}

}  // namespace ratls::detail
