#include <ratls/certgen/doctor/detail/azure_machine.h>

#include <ratls/certgen/azure_source.h>
#include <ratls/certgen/detail/azure_leaf.h>
#include <ratls/certgen/detail/thim.h>
#include <ratls/certgen/detail/vtpm.h>
#include <ratls/core/hcl_report.h>

namespace ratls::doctor::detail {

namespace {

using ratls::detail::VtpmDoor;

/// The SEV-SNP report inside the index.
Result<Bytes> read_report(VtpmDoor& door) {
  RATLS_TRY(const Bytes index, door.read_index(ratls::detail::kHclReportIndex));
  RATLS_TRY(HclReport hcl, parse_hcl_report(index));
  return std::move(hcl.report);
}

Result<void> ask_for_leaf(ByteView report) {
  RATLS_TRY(const Bytes answer, ratls::detail::ask_thim(ratls::detail::ThimPlace()));
  RATLS_TRY(const Bytes leaf, ratls::detail::read_thim_leaf(answer));
  return ratls::detail::check_leaf_fits(leaf, report);
}

}  // namespace

AzureFacts look_at_azure(const Place& place) {
  AzureFacts out;
  out.built = ratls::detail::has_vtpm_support();
  const auto door =
      ratls::detail::open_vtpm(place.tcti.empty() ? std::string(AzureSource::kDevice) : place.tcti);
  if (!door) {
    out.vtpm = door.error().detail();
    return out;
  }
  const auto index = (*door)->has(ratls::detail::kHclReportIndex);
  const auto key = (*door)->has(ratls::detail::kVtpmAttestationKey);
  if (!index || !key) {
    out.vtpm = (index ? key : index).error().detail();
    return out;
  }
  out.report = *index;
  out.key = *key;
  if (!out.report) return out;
  const auto report = read_report(**door);
  if (!report) {
    out.unread = report.error().message();
    return out;
  }
  if (place.offline) return out;
  out.asked = true;
  const auto leaf = ask_for_leaf(*report);
  if (!leaf) out.no_endorsement = leaf.error().detail();
  return out;
}

}  // namespace ratls::doctor::detail
