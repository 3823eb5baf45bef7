#include <ratls/certgen/sim/azure_machine.h>

#include <cstdio>

#include <unistd.h>

#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/certgen/sim/detail/store.h>
#include <ratls/core/crypto.h>

namespace ratls::sim {

namespace {

constexpr const char* kFile = "azure-pcrs";  // 24 values, the lowest index first
constexpr const char* kNext = "azure-pcrs.next";

class AzureMachine final : public ReportSource {
 public:
  AzureMachine(std::unique_ptr<ReportSource> machine, std::string folder,
               std::unique_ptr<AzureGuest> guest)
      : machine_(std::move(machine)), folder_(std::move(folder)), guest_(std::move(guest)) {}

  Result<AttestationReport> get(const ReportData& data) override {
    RATLS_TRY(guest_->vtpm().pcrs, azure_pcrs(folder_));
    return guest_->get(data);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return guest_->name(); }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return guest_->pace(); }

 private:
  std::unique_ptr<ReportSource> machine_;
  std::string folder_;
  std::unique_ptr<AzureGuest> guest_;  // borrows machine_
};

Result<PcrValues> parse(const Bytes& bytes, const std::string& path) {
  if (bytes.size() != kTpmPcrs * Sha256Digest::kSize) {
    return Error(Reason::invalid_config, path + " does not hold 24 PCRs");
  }
  PcrValues out;
  for (std::uint32_t i = 0; i < kTpmPcrs; ++i) {
    const std::size_t at = i * Sha256Digest::kSize;
    out[i] = *Sha256Digest::from(ByteView(bytes).subspan(at, Sha256Digest::kSize));
  }
  return out;
}

}  // namespace

Result<PcrValues> azure_pcrs(const std::string& folder) {
  RATLS_TRY(const auto store, detail::Store::open(folder));
  if (!store.has(kFile)) return fresh_pcrs();
  RATLS_TRY(const auto content, store.read(kFile));
  return parse(content.expose([](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }),
               store.path(kFile));
}

Result<void> extend_pcr(const std::string& folder, std::uint32_t index,
                        const Sha256Digest& digest) {
  if (index >= kTpmPcrs) return Error(Reason::invalid_config, "PCRs are 0 to 23");
  RATLS_TRY(const auto store, detail::Store::open(folder));
  RATLS_TRY(const auto lock, store.lock());
  RATLS_TRY(PcrValues pcrs, azure_pcrs(folder));
  pcrs[index] = crypto::sha256({pcrs[index].view(), digest.view()});
  // Renamed, so that no guest ever finds none and takes its PCRs for a fresh machine's.
  const std::string next = store.path(kNext);
  ::unlink(next.c_str());
  RATLS_CHECK(store.write(kNext, encode_pcrs(pcrs)));
  if (std::rename(next.c_str(), store.path(kFile).c_str()) == 0) return {};
  return Error(Reason::io_error, store.path(kFile) + " cannot be replaced");
}

Result<std::unique_ptr<ReportSource>> open_azure_machine(std::unique_ptr<ReportSource> machine,
                                                         std::string folder) {
  RATLS_TRY(auto guest, AzureGuest::make(*machine));
  return std::unique_ptr<ReportSource>(
      std::make_unique<AzureMachine>(std::move(machine), std::move(folder), std::move(guest)));
}

}  // namespace ratls::sim
