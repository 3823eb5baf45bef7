#include <ratls/verify/azure/detail/checks.h>

#include <algorithm>

#include <ratls/core/crypto.h>
#include <ratls/core/json.h>
#include <ratls/verify/snp/detail/checks.h>

namespace ratls::azure::detail {

namespace {

using ratls::detail::AzureState;
using ratls::detail::EvidenceState;
using ratls::detail::GuestRule;
using snp::detail::failed;
using snp::detail::passed;

constexpr std::string_view kCovers =
    "the measurement covers Azure's paravisor only; of the guest these PCRs are covered, and "
    "nothing else";

Result<void> open_report(ByteView bytes, EvidenceState& state, Trail& trail) {
  auto hcl = parse_hcl_report(bytes);
  if (!hcl) return trail.fail("hcl_report", hcl.error());
  trail.pass("hcl_report", std::to_string(hcl->runtime_data.size()) +
                               " bytes of runtime data around an SEV-SNP report");
  state.report_bytes = hcl->report;
  state.azure.emplace(AzureState{*std::move(hcl), std::nullopt, {}});
  return {};
}

std::string object_of(const PcrValues& pcrs) {
  json::Object out;
  for (const auto& [index, value] : pcrs) out.text(std::to_string(index), value.hex());
  return out.str();
}

// "vtpm" in a verdict's peer: what an operator needs to write tpm_pcrs.
std::string vtpm_json(const RuntimeData& runtime, const PcrValues& pcrs) {
  json::Object out;
  out.text("kind", "azure");
  out.text_or_null("vm_id", runtime.vm_id.value_or(std::string()));
  if (runtime.secure_boot) {
    out.boolean("secure_boot", *runtime.secure_boot);
  } else {
    out.null("secure_boot");
  }
  return out.raw("pcrs", json::Object().raw("sha256", object_of(pcrs)).str()).str();
}

Result<void> settle_pcrs(const AzureState::Quote& quote, AzureState& azure, Trail& trail) {
  auto values = check_pcr_values(quote.read, quote.sent.pcr_values);
  if (!values) return trail.fail("pcr_values", values.error());
  azure.pcrs = *std::move(values);
  trail.pass("pcr_values", "PCRs " + pcr_list(quote.read.pcrs) + " are as quoted");
  return {};
}

std::string indices_of(const GuestRule& rule) {
  std::uint32_t mask = 0;
  for (const auto& [index, allowed] : rule.pcrs) mask |= 1U << index;
  return "PCRs " + pcr_list(mask);
}

// What is wrong, PCR by PCR; empty where nothing is.
std::string wrong_pcrs(const PcrValues& shown, const GuestRule& rule) {
  std::string out;
  for (const auto& [index, allowed] : rule.pcrs) {
    const auto got = shown.find(index);
    const std::string name = (out.empty() ? "PCR " : ", PCR ") + std::to_string(index);
    if (got == shown.end()) {
      out += name + " is not quoted";
    } else if (std::find(allowed.begin(), allowed.end(), got->second) == allowed.end()) {
      out += name + " is " + got->second.hex();
    }
  }
  return out;
}

}  // namespace

Result<void> open(AzureEvidence sent, EvidenceState& state, Trail& trail) {
  RATLS_CHECK(open_report(sent.hcl_report, state, trail));
  auto read = parse_tpm_quote(sent.quote);
  if (!read) return trail.fail("tpm_quote", read.error());
  trail.pass("tpm_quote", "over PCRs " + pcr_list(read->pcrs) + " of the SHA-256 bank");
  state.azure->quote.emplace(AzureState::Quote{std::move(sent), *std::move(read)});
  return {};
}

Result<void> open(ByteView hcl_report, EvidenceState& state, Trail& trail) {
  RATLS_CHECK(open_report(hcl_report, state, trail));
  trail.skip("tpm_quote", "an HCL report alone; only a session shows the vTPM's quote");
  return {};
}

Result<void> check_qualifying_data(const AzureState& azure, const ReportData& wanted) {
  if (!azure.quote) return Error(Reason::tpm_quote_missing);
  const auto expected = qualifying_data_for(wanted);
  if (equal_ct(expected.view(), azure.quote->read.extra_data)) return {};
  return Error(Reason::quote_binding_mismatch, "the qualifying data does not cover these claims");
}

Result<void> check_runtime_data(const HclReport& hcl, const ReportData& shown) {
  const auto digest = crypto::sha256({hcl.runtime_data});
  const ByteView lower = shown.view().first(Sha256Digest::kSize);
  const ByteView upper = shown.view().subspan(Sha256Digest::kSize);
  if (!equal_ct(digest.view(), lower)) {
    return Error(Reason::runtime_data_mismatch, "REPORT_DATA is not the SHA-256 of it");
  }
  if (is_zero(upper)) return {};
  return Error(Reason::runtime_data_mismatch, "the upper half of REPORT_DATA is not zero");
}

Result<void> check_paravisor(std::uint32_t vmpl) {
  if (vmpl == 0) return {};
  return Error(Reason::paravisor_vmpl, "VMPL " + std::to_string(vmpl));
}

Result<void> check_quote_signature(const RuntimeData& runtime, const AzureEvidence& sent) {
  const auto verified = crypto::verify_rsa_pkcs1_sha256({runtime.ak_modulus, runtime.ak_exponent},
                                                        sent.quote, sent.signature);
  if (verified) return {};
  if (verified.error().reason() == Reason::out_of_memory) return verified.error();
  return Error(Reason::quote_signature_invalid, std::string(verified.error().detail()));
}

Result<void> settle_runtime_data(const EvidenceState& state, Trail& trail) {
  const auto bound = check_runtime_data(state.azure->hcl, state.report.report_data);
  if (!bound) return trail.fail("runtime_data", bound.error());
  trail.pass("runtime_data", "all 64 bytes of REPORT_DATA vouch for the runtime data");
  const auto asked = check_paravisor(state.report.vmpl);
  if (!asked) return trail.fail("paravisor", asked.error(), {}, "VMPL 0");
  trail.pass("paravisor", "the report was requested at VMPL 0, which is the paravisor's");
  return {};
}

Result<void> settle_quote(EvidenceState& state, Trail& trail) {
  AzureState& azure = *state.azure;
  const auto runtime = parse_runtime_data(azure.hcl.runtime_data);
  if (!runtime) return trail.fail("attestation_key", runtime.error());
  trail.pass("attestation_key",
             "RSA of " + std::to_string(8 * runtime->ak_modulus.size()) + " bits, HCLAkPub");
  if (!azure.quote) {
    trail.skip("quote_signature", "no quote in this file");
    return {};
  }
  const auto verified = check_quote_signature(*runtime, azure.quote->sent);
  if (!verified) return trail.fail("quote_signature", verified.error());
  trail.pass("quote_signature", "RSASSA-PKCS1-v1_5 with SHA-256 by HCLAkPub");
  RATLS_CHECK(settle_pcrs(*azure.quote, azure, trail));
  trail.add_peer_field({"vtpm", vtpm_json(*runtime, azure.pcrs)});
  return {};
}

Check check_pcrs(const EvidenceState& state, const GuestRule& rule) {
  if (rule.pcrs.empty()) {
    return failed("tpm_pcrs", Reason::pcr_policy_missing, "evidence of an Azure guest",
                  "PCRs named by the policy");
  }
  const std::string want = indices_of(rule);
  if (!state.azure || !state.azure->quote) {
    return failed("tpm_pcrs", Reason::tpm_quote_missing, "no vTPM quote", want);
  }
  std::string wrong = wrong_pcrs(state.azure->pcrs, rule);
  if (!wrong.empty()) {
    return failed("tpm_pcrs", Reason::pcr_not_allowed, std::move(wrong), want);
  }
  Check out = passed("tpm_pcrs", want + " are as the policy wants them", want);
  out.hint = kCovers;
  return out;
}

}  // namespace ratls::azure::detail
