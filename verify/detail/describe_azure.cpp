#include <ratls/verify/detail/describe_azure.h>

#include <ratls/core/crypto.h>
#include <ratls/core/tpm_quote.h>
#include <ratls/verify/azure/detail/checks.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls::detail {

namespace {

void add_problem(Said& out, std::string_view key, const Error& error) {
  Said problem;
  problem.text("problem", error.message());
  out.section(key, problem);
}

void add_runtime(Said& out, const HclReport& hcl) {
  const auto runtime = azure::detail::parse_runtime_data(hcl.runtime_data);
  if (!runtime) return add_problem(out, "runtime_data", runtime.error());
  Said said;
  said.number("bytes", hcl.runtime_data.size());
  said.number("ak_bits", 8 * runtime->ak_modulus.size());
  said.text("ak_modulus_sha256", crypto::sha256({runtime->ak_modulus}).hex());
  if (runtime->vm_id) said.text("vm_id", *runtime->vm_id);
  if (runtime->secure_boot) said.yes_no("secure_boot", *runtime->secure_boot);
  out.section("runtime_data", said);
}

void add_report(Said& out, const HclReport& hcl) {
  const auto report = snp::detail::parse_report(hcl.report);
  if (!report) return add_problem(out, "report", report.error());
  out.yes_no("report_data_covers_runtime_data",
             azure::detail::check_runtime_data(hcl, report->report_data).has_value());
  out.block("report", snp::detail::text_of(*report), snp::detail::json_of(*report));
}

Said said_of(const TpmQuote& quote, const AzureEvidence& evidence) {
  Said out;
  out.text("qualifying_data", to_hex(quote.extra_data));
  out.text("pcrs", pcr_list(quote.pcrs));
  out.text("pcr_digest", quote.pcr_digest.hex());
  const auto values = check_pcr_values(quote, evidence.pcr_values);
  if (!values) {
    add_problem(out, "pcr_values", values.error());
    return out;
  }
  Said each;
  for (const auto& [index, value] : *values) each.text(std::to_string(index), value.hex());
  out.section("pcr_values", each);
  return out;
}

}  // namespace

Said describe_hcl(const HclReport& hcl) {
  Said out;
  out.number("hcl_header_version", hcl.header_version).number("bytes", hcl.size);
  add_runtime(out, hcl);
  add_report(out, hcl);
  return out;
}

void add_azure(Said& out, const AzureEvidence& evidence) {
  const auto hcl = parse_hcl_report(evidence.hcl_report);
  if (hcl) {
    out.section("hcl_report", describe_hcl(*hcl));
  } else {
    add_problem(out, "hcl_report", hcl.error());
  }
  const auto quote = parse_tpm_quote(evidence.quote);
  if (quote) {
    out.section("tpm_quote", said_of(*quote, evidence));
  } else {
    add_problem(out, "tpm_quote", quote.error());
  }
}

}  // namespace ratls::detail
