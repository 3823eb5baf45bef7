/// A simulated guest's firmware as a report source. What it signs proves nothing.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/core/result.h>

namespace ratls::sim {

/// How the guest was launched, as far as a demonstration wants to change it.
struct GuestSetup {
  std::string measurement_hex;  ///< 96 digits; empty: the simulator's own
  bool debug = false;           ///< POLICY allows debugging
  bool slow = false;            ///< firmware as slow as measured on Google Cloud (8 ms a report)
};

/// `source` is "sim:DIR", and DIR was made by `ratls sim init DIR`. Other sources do not exist yet.
/// Errors: invalid_config, io_error.
Result<std::unique_ptr<ReportSource>> open_guest(const std::string& source,
                                                 const GuestSetup& launch);

}  // namespace ratls::sim
