#include <ratls/certgen/reported_tcb.h>

#include <ratls/core/evidence.h>

namespace ratls {

namespace {

constexpr std::size_t kReportedTcb = 0x180;

}  // namespace

std::optional<ReportedTcb> reported_tcb(ByteView report) {
  if (report.size() != kSnpReportSize) return std::nullopt;
  return ReportedTcb::from(report.subspan(kReportedTcb, ReportedTcb::kSize));
}

}  // namespace ratls
