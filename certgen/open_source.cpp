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

constexpr std::string_view kAzure = "azure-vtpm";

/// What stands behind "azure-vtpm:"; nothing where `name` is not of this form.
std::optional<std::string> tcti_of(std::string_view name) {
  if (!name.starts_with(kAzure) || name.size() < kAzure.size() + 2) return std::nullopt;
  if (name[kAzure.size()] != ':') return std::nullopt;
  return std::string(name.substr(kAzure.size() + 1));
}

Result<std::unique_ptr<ReportSource>> open_azure(const std::string& tcti, const Say& say) {
  RATLS_TRY(auto vtpm, AzureSource::open(tcti, say));
  return std::unique_ptr<ReportSource>(std::move(vtpm));
}

// On Azure the guest has no device of its own, only the paravisor's vTPM.
Result<std::unique_ptr<ReportSource>> open_any(const Say& say) {
  auto device = open_device();
  if (device) return device;
  auto azure = open_azure(std::string(AzureSource::kDevice), say);
  if (azure) return azure;
  return device.error();
}

}  // namespace

Result<std::unique_ptr<ReportSource>> open_report_source(const std::string& name, const Say& say) {
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
  if (name == "auto") return open_any(say);
  if (name == "sev-guest") return open_device();
  if (name == kAzure || name == "azure") return open_azure(std::string(AzureSource::kDevice), say);
  if (const auto tcti = tcti_of(name)) return open_azure(*tcti, say);
  return Error(Reason::invalid_config,
               "a report source is auto, configfs, sev-guest or azure-vtpm");
}

}  // namespace ratls
