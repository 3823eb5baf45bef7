#include <ratls/verify/inspect.h>

#include <ratls/core/json.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls {

namespace {

constexpr std::string_view kFirst =
    "NOT VERIFIED: what the file says, which anybody can write. Use \"ratls verify report\".\n";
constexpr std::string_view kLast = "NOT VERIFIED: no signature was checked.\n";

}  // namespace

Result<std::string> inspect_report_text(ByteView report) {
  RATLS_TRY(const auto parsed, snp::detail::parse_report(report));
  return std::string(kFirst) + snp::detail::text_of(parsed) + std::string(kLast);
}

Result<std::string> inspect_report_json(ByteView report) {
  RATLS_TRY(const auto parsed, snp::detail::parse_report(report));
  json::Object out;
  out.text("schema", "ratls.report/1").boolean("verified", false);
  out.text("warning", "NOT VERIFIED: no signature was checked");
  return out.raw("report", snp::detail::json_of(parsed)).str();
}

}  // namespace ratls
