#include <ratls/certgen/azure_source.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <thread>

#include <ratls/certgen/detail/vtpm.h>
#include <ratls/core/crypto.h>
#include <ratls/core/hcl_report.h>
#include <ratls/core/tpm_quote.h>

namespace ratls {

namespace {

// docs/snp.md, section 6: where Azure's paravisor keeps what.
constexpr std::uint32_t kReportIndex = 0x01400001;
constexpr std::uint32_t kRequestIndex = 0x01400002;
constexpr std::uint32_t kAttestationKey = 0x81000003;
constexpr int kTries = 3;

bool shows(const HclReport& hcl, const std::string& user_data) {
  std::string text = to_string(hcl.runtime_data);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find(user_data) != std::string::npos;
}

}  // namespace

AzureSource::AzureSource(std::unique_ptr<detail::VtpmDoor> door, Patience patience)
    : door_(std::move(door)), patience_(patience) {}

AzureSource::~AzureSource() = default;

Result<std::unique_ptr<AzureSource>> AzureSource::open(const std::string& tcti) {
  RATLS_TRY(auto door, detail::open_vtpm(tcti));
  RATLS_TRY(const bool there, door->has(kReportIndex));
  if (!there) {
    return Error(Reason::no_report_device,
                 "the TPM has no NV index 0x01400001: this is no confidential VM of Azure");
  }
  return std::make_unique<AzureSource>(std::move(door), Patience());
}

// Whether the report that names `user_data` has come.
Result<bool> AzureSource::await(const std::string& user_data) {
  RATLS_TRY(const Bytes bytes, door_->read_index(kReportIndex));
  RATLS_TRY(HclReport hcl, parse_hcl_report(bytes));
  const bool fresh = user_data.empty() || shows(hcl, user_data);
  AttestationReport report;
  report.report = std::move(hcl.report);
  report.azure.emplace();
  report.azure->hcl_report.assign(bytes.begin(),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(hcl.size));
  report_ = std::move(report);
  return fresh;
}

// The report from the VM's start holds its TCB of then. A paravisor that takes no request, or does
// not answer it, leaves that one, which is as genuine: freshness is the quote's.
Result<void> AzureSource::refresh() {
  std::string user_data;
  RATLS_TRY(const bool asks, door_->has(kRequestIndex));
  if (asks) {
    std::array<std::uint8_t, 64> random{};
    crypto::random(random);
    RATLS_CHECK(door_->write_index(kRequestIndex, random));
    user_data = to_hex(random);
  }
  const auto until = std::chrono::steady_clock::now() + patience_.whole;
  RATLS_TRY(bool fresh, await(user_data));
  while (!fresh && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(patience_.pause);
    RATLS_TRY(fresh, await(user_data));
  }
  return {};
}

Result<AzureEvidence> AzureSource::quote_once(const ReportData& data) {
  RATLS_TRY(auto quote, door_->quote(kAttestationKey, qualifying_data_for(data).view()));
  RATLS_TRY(const TpmQuote read, parse_tpm_quote(quote.attest));
  AzureEvidence out = *report_->azure;
  RATLS_TRY(out.pcr_values, door_->read_pcrs());
  RATLS_TRY([[maybe_unused]] const PcrValues same, check_pcr_values(read, out.pcr_values));
  out.quote = std::move(quote.attest);
  out.signature = std::move(quote.signature);
  return out;
}

// A PCR may be extended between the quote and the reading of it.
Result<AttestationReport> AzureSource::get(const ReportData& data) {
  if (!report_) RATLS_CHECK(refresh());
  AttestationReport out = *report_;
  for (int i = 1; true; ++i) {
    auto quoted = quote_once(data);
    if (quoted) {
      out.azure = *std::move(quoted);
      return out;
    }
    if (i == kTries || quoted.error().reason() != Reason::pcr_values_mismatch) {
      return quoted.error();
    }
  }
}

}  // namespace ratls
