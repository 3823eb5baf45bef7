// Attestation reports: what is read stands in 1184 bytes, and looking at it cannot fail afterwards.
#include <ratls/verify/inspect.h>
#include <ratls/verify/snp/detail/report.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto report = snp::detail::parse_report(bytes);
  const auto shown = inspect_report_json(bytes);
  must(report.has_value() == shown.has_value());
  if (!report) return 0;
  must(size == kSnpReportSize);
  must(report->version >= 2 && report->version <= 5);
  must(fuzz::contains(bytes, report->measurement.view()));
  must(fuzz::contains(bytes, report->chip_id.view()));
  must(inspect_report_text(bytes).has_value());
  return 0;
}
