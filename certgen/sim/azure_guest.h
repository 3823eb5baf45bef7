/// A simulated Azure confidential VM: a paravisor's report and a vTPM, both in software. What they
/// sign proves nothing.
#pragma once

#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/core/tpm_quote.h>

namespace ratls::sim {

/// The JSON that the paravisor vouches for, naming this RSA key (exponent 65537) as HCLAkPub.
std::string runtime_data_json(ByteView ak_modulus);

/// An HCL report around `report`, as NV index 0x01400001 holds it, without zeros behind.
Bytes encode_hcl_report(ByteView report, ByteView runtime_data);

/// REPORT_DATA of a paravisor's report: SHA-256(runtime data), then zeros.
ReportData paravisor_report_data(ByteView runtime_data) noexcept;

/// The PCRs of a fresh simulated machine, all 24: SHA-256("PCR 0") and so on.
PcrValues fresh_pcrs();
/// Their values, 32 bytes each, the lowest index first.
Bytes encode_pcrs(const PcrValues& pcrs);

/// A TPM's attestation key and its PCRs. Threads: one at a time.
class Vtpm {
 public:
  /// With a fresh RSA-2048 key. Errors: internal.
  static Result<std::unique_ptr<Vtpm>> make();
  Vtpm(const Vtpm&) = delete;
  Vtpm& operator=(const Vtpm&) = delete;
  ~Vtpm();

  [[nodiscard]] const Bytes& modulus() const noexcept;  ///< 256 bytes
  /// RSASSA-PKCS1-v1_5 with SHA-256. Errors: internal.
  [[nodiscard]] Result<Bytes> sign(ByteView message) const;
  /// A TPMS_ATTEST over all 24 PCRs.
  [[nodiscard]] Bytes attest(ByteView extra_data) const;
  /// The PCRs' values, 32 bytes each.
  [[nodiscard]] Bytes pcr_values() const;

  PcrValues pcrs = fresh_pcrs();  ///< all 24

 private:
  struct Key;
  explicit Vtpm(std::unique_ptr<Key> key);
  std::unique_ptr<Key> key_;
};

/// The two together: the paravisor asks `machine` for a report each time, so firmware that is
/// updated below shows. Borrows `machine`, which must outlive it.
class AzureGuest final : public ReportSource {
 public:
  /// Errors: those of Vtpm.
  static Result<std::unique_ptr<AzureGuest>> make(ReportSource& machine);

  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "sim-azure"; }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return machine_.pace(); }

  [[nodiscard]] Vtpm& vtpm() noexcept { return *vtpm_; }

 private:
  AzureGuest(std::unique_ptr<Vtpm> vtpm, ReportSource& machine)
      : vtpm_(std::move(vtpm)), machine_(machine) {}

  std::unique_ptr<Vtpm> vtpm_;
  ReportSource& machine_;
};

}  // namespace ratls::sim
