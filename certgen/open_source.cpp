#include <ratls/certgen/open_source.h>

#include <fcntl.h>
#include <unistd.h>

#include <ratls/certgen/azure_source.h>
#include <ratls/certgen/configfs_source.h>
#include <ratls/certgen/detail/tsm_files.h>
#include <ratls/certgen/sev_guest_source.h>

namespace ratls {

namespace {

Result<std::unique_ptr<ReportSource>> open_device() {
  RATLS_TRY(auto device, SevGuestSource::open());
  return std::unique_ptr<ReportSource>(std::move(device));
}

Result<std::unique_ptr<ReportSource>> open_azure() {
  RATLS_TRY(auto vtpm, AzureSource::open());
  return std::unique_ptr<ReportSource>(std::move(vtpm));
}

// On Azure the guest has no device of its own, only the paravisor's vTPM.
Result<std::unique_ptr<ReportSource>> open_any() {
  auto device = open_device();
  if (device) return device;
  auto azure = open_azure();
  if (azure) return azure;
  return device.error();
}

}  // namespace

Result<std::unique_ptr<ReportSource>> open_report_source(const std::string& name) {
  const bool tsm = ::access(detail::kTsmFolder, F_OK) == 0;
  const bool ours = ::faccessat(AT_FDCWD, detail::kTsmFolder, W_OK | X_OK, AT_EACCESS) == 0;
  if (name == "auto" && tsm && !ours) {
    // Entries are root's; another user may have been given the device.
    if (auto device = open_device()) return device;
  }
  if (name == "configfs" || (name == "auto" && tsm)) {
    if (tsm) return std::unique_ptr<ReportSource>(std::make_unique<ConfigfsSource>());
    return Error(Reason::no_report_device,
                 std::string(detail::kTsmFolder) +
                     " is not there: Linux before 6.7, configfs not mounted, or no guest driver "
                     "loaded (modprobe sev-guest)");
  }
  if (name == "auto") return open_any();
  if (name == "sev-guest") return open_device();
  if (name == "azure-vtpm" || name == "azure") return open_azure();
  return Error(Reason::invalid_config,
               "a report source is auto, configfs, sev-guest or azure-vtpm");
}

}  // namespace ratls
