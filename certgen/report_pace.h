/// How often the firmware may be asked.
#pragma once

#include <chrono>

namespace ratls {

/// Below the throttle of SEV-SNP hosts: about 8 ms a report, ten in 10.2 s, then a stall until the
/// window ends (measured on Google Cloud, Milan; docs/protocol.md, section 4). Whoever waits
/// meanwhile shares the next report, so waiting costs reports nothing.
struct ReportPace {
  unsigned burst = 8;       ///< reports in a row after a quiet time; at least 1
  double per_second = 0.9;  ///< and then; above 0
  unsigned window_reports = 10;
  std::chrono::milliseconds window{10'200};
};

}  // namespace ratls
