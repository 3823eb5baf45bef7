/// Choosing where reports come from, by name.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>

namespace ratls {

/// "auto", "configfs", "sev-guest" or "azure-vtpm" (also "azure"; "azure-vtpm:TCTI" for another TPM
/// than /dev/tpmrm0, in the words of tpm2-tss). `auto` takes configfs-tsm where it is there, else
/// the device (also where this user may open only that), else an Azure VM's vTPM, and never a
/// simulator. The device is not asked for a report yet. `say`: see Say. Errors: no_report_device,
/// invalid_config (another name).
Result<std::unique_ptr<ReportSource>> open_report_source(const std::string& name,
                                                         const Say& say = {});

}  // namespace ratls
