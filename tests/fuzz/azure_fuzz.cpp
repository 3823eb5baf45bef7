// What a peer sends for an Azure VM: the paravisor's report, its runtime data, the vTPM's quote.
#include <ratls/core/azure_evidence.h>
#include <ratls/core/hcl_report.h>
#include <ratls/core/tpm_quote.h>
#include <ratls/verify/azure/detail/runtime_data.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto hcl = parse_hcl_report(bytes)) {
    must(is_hcl_report(bytes));
    must(hcl->report.size() == 1184);
    must(hcl->size == 32 + 1184 + 20 + hcl->runtime_data.size());
  }
  if (const auto quote = parse_tpm_quote(bytes)) {
    must(quote->pcrs != 0 && (quote->pcrs >> kTpmPcrs) == 0);
    must(!check_pcr_values(*quote, bytes).has_value());
    must(!pcr_list(quote->pcrs).empty());
  }
  if (const auto runtime = azure::detail::parse_runtime_data(bytes)) {
    must(!runtime->ak_modulus.empty() && runtime->ak_modulus.front() != 0);
    must(!runtime->ak_exponent.empty() && runtime->ak_exponent.front() != 0);
  }
  if (const auto sent = AzureEvidence::decode(bytes))
    must(sent->encode() == Bytes(data, data + size));
  return 0;
}
