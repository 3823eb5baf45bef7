#include <ratls/certgen/azure_source.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <thread>

#include <ratls/certgen/detail/azure_leaf.h>
#include <ratls/certgen/detail/thim.h>
#include <ratls/certgen/detail/vtpm.h>
#include <ratls/core/crypto.h>
#include <ratls/core/hcl_report.h>
#include <ratls/core/tpm_quote.h>

namespace ratls {

namespace {

constexpr int kTries = 3;

bool shows(const HclReport& hcl, const std::string& user_data) {
  std::string text = to_string(hcl.runtime_data);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find(user_data) != std::string::npos;
}

}  // namespace

AzureSource::AzureSource(std::unique_ptr<detail::VtpmDoor> door,
                         std::unique_ptr<detail::AzureLeaf> leaf, Patience patience, Say say)
    : door_(std::move(door)), leaf_(std::move(leaf)), patience_(patience), say_(std::move(say)) {}

AzureSource::~AzureSource() = default;

Result<std::unique_ptr<AzureSource>> AzureSource::open(const std::string& tcti, Say say) {
  RATLS_TRY(auto door, detail::open_vtpm(tcti));
  RATLS_TRY(const bool there, door->has(detail::kHclReportIndex));
  if (!there) {
    return Error(Reason::no_report_device,
                 "the TPM has no NV index 0x01400001: this is no confidential VM of Azure");
  }
  auto leaf = std::make_unique<detail::AzureLeaf>(
      [] { return detail::ask_thim(detail::ThimPlace()); }, say);
  return std::make_unique<AzureSource>(std::move(door), std::move(leaf), Patience(),
                                       std::move(say));
}

// A paravisor that takes no request leaves the report from the VM's start.
Result<void> AzureSource::ask() {
  asked_ = std::chrono::steady_clock::now();
  user_data_.clear();
  RATLS_TRY(const bool takes, door_->has(detail::kHclRequestIndex));
  if (!takes) return {};
  std::array<std::uint8_t, 64> random{};
  crypto::random(random);
  RATLS_CHECK(door_->write_index(detail::kHclRequestIndex, random));
  user_data_ = to_hex(random);
  return {};
}

// Takes what the index holds; says whether it answers the request that is open.
Result<bool> AzureSource::look() {
  looked_ = std::chrono::steady_clock::now();
  RATLS_TRY(const Bytes bytes, door_->read_index(detail::kHclReportIndex));
  RATLS_TRY(HclReport hcl, parse_hcl_report(bytes));
  const bool fresh = user_data_.empty() || shows(hcl, user_data_);
  AttestationReport report;
  report.report = std::move(hcl.report);
  report.azure.emplace();
  report.azure->hcl_report.assign(bytes.begin(),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(hcl.size));
  report_ = std::move(report);
  if (fresh) user_data_.clear();
  return fresh;
}

// The report from the VM's start holds its TCB of then. A request that cannot be made, or is not
// answered, leaves that one, which is as genuine: freshness is the quote's.
Result<void> AzureSource::wait_for_first() {
  tell(ask());
  RATLS_TRY(bool fresh, look());
  while (!fresh && std::chrono::steady_clock::now() < asked_ + patience_.whole) {
    std::this_thread::sleep_for(patience_.pause);
    RATLS_TRY(fresh, look());
  }
  user_data_.clear();
  return {};
}

// A host may have updated its firmware meanwhile. Nobody waits: what the paravisor has not answered
// yet is there for the next batch.
Result<void> AzureSource::look_again() {
  const auto now = std::chrono::steady_clock::now();
  if (user_data_.empty() && now - asked_ >= patience_.again) {
    RATLS_CHECK(ask());
  } else if (now - looked_ < (user_data_.empty() ? patience_.look : patience_.pause)) {
    return {};
  }
  RATLS_TRY([[maybe_unused]] const bool fresh, look());
  if (now - asked_ >= patience_.whole) user_data_.clear();
  return {};
}

// What fails here leaves the report from before.
void AzureSource::renew() {
  const auto done = look_again();
  if (!done) user_data_.clear();
  tell(done);
}

void AzureSource::tell(const Result<void>& done) {
  const std::string text = done ? std::string() : done.error().message();
  if (text == said_) return;
  said_ = text;
  if (say_ && !done) say_("the paravisor's report from before stays in use: " + text);
}

Result<AzureEvidence> AzureSource::quote_once(const ReportData& data) {
  RATLS_TRY(auto quote,
            door_->quote(detail::kVtpmAttestationKey, qualifying_data_for(data).view()));
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
  if (report_) {
    renew();
  } else {
    RATLS_CHECK(wait_for_first());
  }
  AttestationReport out = *report_;
  out.endorsement = leaf_->of(out.report);
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
