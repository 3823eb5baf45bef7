/// A simulated Azure machine that other programs can change: what "sim-azure:DIR" is.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/core/tpm_quote.h>

namespace ratls::sim {

/// The PCRs of the machine in `folder`: those of a fresh one, and what extend_pcr() did to them.
/// Errors: io_error, invalid_config (a damaged folder).
Result<PcrValues> azure_pcrs(const std::string& folder);

/// TPM2_PCR_Extend of the SHA-256 bank: the value becomes SHA-256(value || digest), for guests that
/// run as well. Errors: invalid_config (`index` above 23), io_error.
Result<void> extend_pcr(const std::string& folder, std::uint32_t index, const Sha256Digest& digest);

/// An Azure guest on `machine`, whose PCRs are those of `folder` each time.
/// Errors: those of Vtpm and of azure_pcrs().
Result<std::unique_ptr<ReportSource>> open_azure_machine(std::unique_ptr<ReportSource> machine,
                                                         std::string folder);

}  // namespace ratls::sim
