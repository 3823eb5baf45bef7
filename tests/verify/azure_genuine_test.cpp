// Genuine HCL reports and quotes of Azure machines, beside the project.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <nlohmann/json.hpp>

#include <ratls/core/tpm_quote.h>
#include <ratls/verify/azure/detail/checks.h>
#include <ratls/verify/inspect.h>
#include <ratls/verify/verifier.h>

#include "tests/support/files.h"

using namespace ratls;

namespace {

class Folder {
 public:
  explicit Folder(const std::string& name) {
    const auto root = test::shared_vectors();
    if (!root) SKIP("../shared/vectors is not there, so no genuine evidence of Azure is tested");
    path_ = *root + "/../azure/" + name + "/";
  }
  [[nodiscard]] Bytes file(const std::string& name) const {
    const auto bytes = test::read_file(path_ + name);
    INFO(path_ + name);
    REQUIRE(bytes);
    return *bytes;
  }
  [[nodiscard]] nlohmann::json json(const std::string& name) const {
    const Bytes text = file(name);
    return nlohmann::json::parse(text.begin(), text.end());
  }

 private:
  std::string path_;
};

AzureEvidence quote_of(const Folder& folder) {
  AzureEvidence out;
  out.hcl_report = folder.file("hcl-report.bin");
  out.quote = folder.file("tpm-quote.msg");
  out.signature = folder.file("tpm-quote.sig");
  return out;
}

azure::detail::RuntimeData runtime_of(const Folder& folder) {
  const auto hcl = parse_hcl_report(folder.file("hcl-report.bin")).value();
  return azure::detail::parse_runtime_data(hcl.runtime_data).value();
}

Verdict judged(const Folder& folder) {
  const Bytes hcl = folder.file("hcl-report.bin");
  const Bytes vcek = folder.file("vcek.der");
  ReportFile file;
  file.report = hcl;
  file.endorsement = vcek;
  const FixedClock clock(Timestamp{1'780'000'000});  // 2026-05-28
  return authenticate_report(file, clock).verdict;
}

}  // namespace

TEST_CASE("genuine HCL reports are authentic, and their runtime data is vouched for") {
  const auto* name =
      GENERATE("snp-milan-v2", "snp-evidence-v0", "snp-evidence-v1", "snp-evidence-genoa");
  const Folder folder(name);
  const Verdict verdict = judged(folder);
  INFO(verdict.text());
  CHECK(verdict.authentic);
  CHECK(verdict.find("runtime_data")->status == CheckStatus::pass);
  CHECK(verdict.find("paravisor")->status == CheckStatus::pass);
  const auto expected = folder.json("expected.json");
  const auto runtime = runtime_of(folder);
  CHECK(runtime.vm_id == expected["vm_configuration"]["vmUniqueId"].get<std::string>());
  CHECK(runtime.ak_modulus.size() == 256);
  CHECK(inspect_report_text(folder.file("hcl-report.bin")).value().find(*runtime.vm_id) !=
        std::string::npos);
}

TEST_CASE("genuine quotes verify under the key that the HCL vouches for, with their PCRs") {
  const auto* name = GENERATE("snp-evidence-v0", "snp-evidence-v1", "snp-evidence-genoa");
  const Folder folder(name);
  const AzureEvidence sent = quote_of(folder);
  CHECK(azure::detail::check_quote_signature(runtime_of(folder), sent));
  const TpmQuote quote = parse_tpm_quote(sent.quote).value();
  CHECK(pcr_list(quote.pcrs) == "0-23");
  Bytes values;
  for (const auto& each : folder.json("pcrs.json")) {
    append(values, *from_hex(each.get<std::string>()));
  }
  const PcrValues pcrs = check_pcr_values(quote, values).value();
  CHECK(pcrs.size() == 24);
  values.front() ^= 1;
  CHECK(check_pcr_values(quote, values).error().reason() == Reason::pcr_values_mismatch);
}

TEST_CASE("every prefix of a genuine HCL report, and of a genuine quote, is refused") {
  const auto* name = GENERATE("snp-evidence-v0", "snp-evidence-genoa");
  const Folder folder(name);
  const Bytes index = folder.file("hcl-report.bin");
  const std::size_t size = parse_hcl_report(index).value().size;
  for (std::size_t cut = 0; cut < size; ++cut) {
    INFO(cut);
    CHECK_FALSE(parse_hcl_report(ByteView(index).first(cut)));
  }
  const Bytes quote = folder.file("tpm-quote.msg");
  for (std::size_t cut = 0; cut < quote.size(); ++cut) {
    INFO(cut);
    CHECK_FALSE(parse_tpm_quote(ByteView(quote).first(cut)));
  }
}

TEST_CASE("a genuine quote of another machine's key is refused beside a genuine report") {
  const Folder folder("snp-milan-v2");
  const AzureEvidence sent = quote_of(folder);
  CHECK(parse_tpm_quote(sent.quote).value().pcrs == 0x40ff);
  const auto verified = azure::detail::check_quote_signature(runtime_of(folder), sent);
  REQUIRE_FALSE(verified);
  CHECK(verified.error().reason() == Reason::quote_signature_invalid);
}

TEST_CASE("a genuine HCL report under another chip's VCEK is refused") {
  const Verdict verdict = judged(Folder("neg-snp-wrong-vcek"));
  CHECK_FALSE(verdict.authentic);
  CHECK(verdict.find("runtime_data")->status == CheckStatus::pass);
  CHECK(verdict.reason.has_value());
}

TEST_CASE("a genuine HCL report around a TDX report is refused by name") {
  const auto parsed = parse_hcl_report(Folder("tdx-kinvolk").file("hcl-report.bin"));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().reason() == Reason::unsupported_hcl_report);
}
