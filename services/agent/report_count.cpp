#include <ratls/services/agent/report_count.h>

#include <ratls/services/status/exposition.h>

namespace ratls::agent {

Result<AttestationReport> CountedSource::get(const ReportData& data) {
  auto got = inner_->get(data);
  if (got) {
    ++ok_;
  } else if (got.error().reason() == Reason::firmware_throttled) {
    ++throttled_;
  } else {
    ++failed_;
  }
  return got;
}

std::string CountedSource::metrics() const {
  const std::string name = "ratls_report_requests_total";
  std::string out;
  status::head(out, name, "counter", "Reports that the firmware was asked for.");
  status::line(out, name + "{result=\"ok\"}", std::to_string(ok_.load()));
  status::line(out, name + "{result=\"throttled\"}", std::to_string(throttled_.load()));
  status::line(out, name + "{result=\"failed\"}", std::to_string(failed_.load()));
  return out;
}

}  // namespace ratls::agent
