/// A simulated guest's firmware as a report source. What it signs proves nothing.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/certgen/sim/product.h>
#include <ratls/core/result.h>

namespace ratls::sim {

/// How the guest was launched, as far as a demonstration wants to change it.
struct GuestSetup {
  std::string measurement_hex;  ///< 96 digits; empty: the simulator's own
  bool debug = false;           ///< POLICY allows debugging
  bool slow = false;            ///< firmware as slow as measured on Google Cloud (8 ms a report)
};

/// `source` is "sim:DIR", where DIR was made by `ratls sim init DIR`, "sim-azure:DIR", an Azure
/// confidential VM on the same machine (azure_machine.h), or a name of
/// open_report_source(), for which `launch` means nothing and `say` is what it is there. Errors:
/// invalid_config, io_error, and those of open_report_source().
Result<std::unique_ptr<ReportSource>> open_guest(const std::string& source,
                                                 const GuestSetup& launch, const Say& say = {});

/// Updates the firmware of the machine below "sim:`folder`", as a host does it under running
/// guests: from its next report on a source that is open has the new level too, and the VCEK for
/// it. LAUNCH_TCB stays. Errors: io_error, invalid_config.
Result<void> update_firmware(const std::string& folder, const Tcb& tcb);

}  // namespace ratls::sim
