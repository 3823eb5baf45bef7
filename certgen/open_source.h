/// Choosing where reports come from, by name.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>

namespace ratls {

/// "auto", "configfs", "sev-guest" or "azure-vtpm" (also "azure"). `auto` takes configfs-tsm where
/// it is there, else the device (also where this user may open only that), else an Azure VM's vTPM,
/// and never a simulator. The device is not asked for a report yet. Errors: no_report_device,
/// invalid_config (another name).
Result<std::unique_ptr<ReportSource>> open_report_source(const std::string& name);

}  // namespace ratls
