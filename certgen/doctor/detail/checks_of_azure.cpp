// The door of Azure's confidential VMs, link by link (docs/azure.md).
#include <ratls/certgen/doctor/detail/checks.h>

#include <cerrno>
#include <optional>
#include <system_error>

namespace ratls::doctor::detail {

namespace {

/// Where there is nothing to look at.
std::optional<std::string> why_not_seen(const MachineFacts& facts) {
  if (!is_azure(facts)) return "not a confidential guest of Azure";
  if (!facts.azure || !facts.azure->vtpm.empty()) return "it is seen through the vTPM";
  return std::nullopt;
}

Check closed_vtpm(const MachineFacts& facts) {
  constexpr std::string_view kId = "azure_vtpm";
  if (forbidden(facts.tpm)) {
    return {kId, Status::fail, "no permission to open /dev/tpmrm0",
            "usermod -aG tss USER, for the user of ratls alone, and log in anew"};
  }
  return {kId, Status::fail, "/dev/tpmrm0: " + words(facts.tpm),
          facts.tpm == ENOENT ? "choose a confidential size with the vTPM enabled; modprobe tpm_crb"
                              : "look at the kernel's log (dmesg)"};
}

}  // namespace

std::string words(int code) {
  return std::generic_category().message(code);
}

bool forbidden(int code) {
  return code == EACCES || code == EPERM;
}

bool azure_works(const MachineFacts& facts) {
  if (!facts.azure) return false;
  const AzureFacts& azure = *facts.azure;
  return azure.vtpm.empty() && azure.report && azure.unread.empty() && azure.key;
}

Check check_azure_vtpm(const MachineFacts& facts) {
  constexpr std::string_view kId = "azure_vtpm";
  if (!is_azure(facts)) return {kId, Status::skipped, "not a confidential guest of Azure", ""};
  if (facts.azure && !facts.azure->built) {
    return {kId, Status::fail, "this build of ratls has no TPM support",
            "build it with -DRATLS_TPM=ON (libtss2-dev)"};
  }
  if (facts.azure && facts.azure->vtpm.empty()) return {kId, Status::ok, "it answers", ""};
  if (facts.tpm != 0) return closed_vtpm(facts);
  if (!facts.azure) return {kId, Status::skipped, "/dev/tpmrm0 can be opened; not asked", ""};
  return {kId, Status::fail, facts.azure->vtpm,
          "look at the kernel's log (dmesg), and whether tpm2_getcap handles-persistent answers"};
}

Check check_azure_report(const MachineFacts& facts) {
  constexpr std::string_view kId = "azure_report";
  if (auto why = why_not_seen(facts)) return {kId, Status::skipped, *std::move(why), ""};
  if (!facts.azure->report) {
    return {
        kId, Status::fail, "the TPM has no NV index 0x01400001",
        "this is no confidential VM of Azure: make it with --security-type ConfidentialVM, of a "
        "size with AMD processors (DCas, ECas)"};
  }
  if (facts.azure->unread.empty()) {
    return {kId, Status::ok, "the paravisor's report can be read (NV index 0x01400001)", ""};
  }
  return {
      kId, Status::fail, facts.azure->unread,
      "see what it holds: tpm2_nvread -C o -o hcl.bin 0x01400001; ratls inspect report hcl.bin; "
      "a password of the owner hierarchy must be empty"};
}

Check check_azure_key(const MachineFacts& facts) {
  constexpr std::string_view kId = "azure_key";
  if (auto why = why_not_seen(facts)) return {kId, Status::skipped, *std::move(why), ""};
  if (facts.azure->key) {
    return {kId, Status::ok, "the attestation key is at 0x81000003", ""};
  }
  return {kId, Status::fail, "the TPM holds no key at 0x81000003",
          "restart the VM, since its paravisor puts the key there, and let nothing evict it "
          "(tpm2_evictcontrol)"};
}

Check check_azure_endorsement(const MachineFacts& facts) {
  constexpr std::string_view kId = "azure_endorsement";
  if (auto why = why_not_seen(facts)) return {kId, Status::skipped, *std::move(why), ""};
  if (!facts.azure->asked) {
    return {kId, Status::skipped, "the metadata service was not asked for the VCEK", ""};
  }
  if (facts.azure->no_endorsement.empty()) {
    return {kId, Status::ok, "the metadata service has this machine's VCEK", ""};
  }
  return {kId, Status::warn, facts.azure->no_endorsement,
          "let the user of ratls reach 169.254.169.254, port 80, or give verifiers the VCEK: ratls "
          "report --out F; ratls collateral fetch --report F"};
}

}  // namespace ratls::doctor::detail
