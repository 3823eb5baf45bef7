// Evidence of Azure guests that is refused: each link of the chain broken by itself.
#include <algorithm>
#include <functional>

#include "judged.h"

namespace ratls::vectors {
namespace {

constexpr const char* kLike = "Azure client";
// Places in an HCL report, and in the quote with its 34 bytes of name and 48 of qualifying data.
constexpr std::size_t kMeasurement = 32 + 0x90;
constexpr std::size_t kRequestData = 0x4c0;
constexpr std::size_t kRuntimeData = 0x4d4;
constexpr std::size_t kExtraData = 4 + 2 + 2 + 34 + 2;
constexpr std::size_t kClock = kExtraData + 48;
constexpr std::size_t kBanks = kClock + 25;
constexpr std::size_t kSelection = kBanks + 7;

class Maker {
 public:
  explicit Maker(const Recording& recorded)
      : recorded_(recorded),
        good_(good_one(case_of(kLike), recorded)),
        envelope_(envelope_of(case_of(kLike), recorded)) {}

  void envelope(const std::string& name, Reason want,
                const std::function<void(EvidenceEnvelope&)>& change) {
    Judged bad = good_;
    bad.name = name;
    bad.like = kLike;
    bad.certificate.reset();
    bad.want = want;
    EvidenceEnvelope parts = envelope_;
    change(parts);
    bad.evidence = parts.encode().value();
    out.push_back(std::move(bad));
  }
  void sent(const std::string& name, Reason want,
            const std::function<void(AzureEvidence&)>& change) {
    envelope(name, want, [&](auto& parts) { change(*parts.azure); });
  }
  void hcl(const std::string& name, Reason want, std::size_t at, std::uint8_t value) {
    sent(name, want, [&](auto& azure) { azure.hcl_report[at] = value; });
  }
  void quote(const std::string& name, Reason want, std::size_t at, std::uint8_t value) {
    sent(name, want, [&](auto& azure) { azure.quote[at] = value; });
  }
  /// What only keys can make, which are gone.
  void recorded(const std::string& name, Reason want) {
    sent(name, want,
         [&](auto& azure) { azure = AzureEvidence::decode(recorded_.azure.at(name)).value(); });
  }

  std::vector<Judged> out;

 private:
  const Recording& recorded_;
  Judged good_;
  EvidenceEnvelope envelope_;
};

void bad_hcl(Maker& make) {
  constexpr Reason kShape = Reason::malformed_hcl_report;
  constexpr Reason kKind = Reason::unsupported_hcl_report;
  make.hcl("an HCL report without its signature HCLA", kShape, 0, 'h');
  make.hcl("an HCL report of header version 3", kKind, 4, 3);
  make.hcl("an HCL report with another size", kShape, 8, 0);
  make.hcl("an HCL report of another request", kShape, 12, 1);
  make.hcl("an HCL report whose status is not 0", kShape, 16, 1);
  make.hcl("a reserved byte of the HCL header set", kShape, 31, 1);
  make.hcl("a request data size that does not fit", kShape, kRequestData, 0xff);
  make.hcl("request data of version 2", kShape, kRequestData + 4, 2);
  make.hcl("an HCL report around a TDX report", kKind, kRequestData + 8, 4);
  make.hcl("runtime data under another hash", kKind, kRequestData + 12, 2);
  make.hcl("a runtime data size that does not fit", kShape, kRequestData + 16, 0xff);
  make.sent("a byte behind the runtime data", kShape,
            [](auto& azure) { azure.hcl_report.push_back(1); });
  make.sent("an HCL report without its last byte", kShape,
            [](auto& azure) { azure.hcl_report.pop_back(); });
  make.hcl("another byte in the runtime data", Reason::runtime_data_mismatch, kRuntimeData + 80,
           '*');
  make.hcl("another paravisor", Reason::signature_invalid, kMeasurement, 0);
}

void bad_quotes(Maker& make) {
  constexpr Reason kShape = Reason::malformed_tpm_quote;
  make.quote("a quote that no TPM made", kShape, 0, 0);
  make.quote("an attestation of something else than a quote", kShape, 5, 0x17);
  make.quote("a clock that is neither safe nor unsafe", kShape, kClock + 16, 2);
  make.quote("a quote over two banks", kShape, kBanks + 3, 2);
  make.quote("a quote over PCRs of SHA-1", kShape, kBanks + 5, 0x04);
  make.quote("a selection of 32 PCRs", kShape, kBanks + 6, 4);
  make.sent("a quote over no PCR", kShape, [](auto& azure) {
    for (std::size_t i = 0; i < 3; ++i) azure.quote[kSelection + i] = 0;
  });
  make.sent("a byte behind the quote", kShape, [](auto& azure) { azure.quote.push_back(0); });
  make.sent("a quote without its last byte", kShape, [](auto& azure) { azure.quote.pop_back(); });
  make.quote("the first byte of the qualifying data", Reason::quote_binding_mismatch, kExtraData,
             0);
  make.quote("the last byte of the qualifying data", Reason::quote_binding_mismatch,
             kExtraData + 47, 0);
  make.quote("another clock in the quote", Reason::quote_signature_invalid, kClock, 0xff);
  make.sent("a bit of the quote's signature", Reason::quote_signature_invalid,
            [](auto& azure) { azure.signature.back() ^= 1; });
  make.sent("a quote's signature of 255 bytes", Reason::quote_signature_invalid,
            [](auto& azure) { azure.signature.pop_back(); });
}

void bad_pcrs(Maker& make) {
  constexpr Reason kPcrs = Reason::pcr_values_mismatch;
  make.sent("another value of PCR 7", kPcrs, [](auto& azure) { azure.pcr_values[7 * 32] ^= 1; });
  make.sent("23 values for 24 PCRs", kPcrs, [](auto& azure) { azure.pcr_values.resize(23 * 32); });
  make.sent("a byte behind the PCRs' values", kPcrs,
            [](auto& azure) { azure.pcr_values.push_back(0); });
  make.sent("two PCRs' values exchanged", kPcrs, [](auto& azure) {
    std::swap_ranges(azure.pcr_values.begin(), azure.pcr_values.begin() + 32,
                     azure.pcr_values.begin() + 32);
  });
}

}  // namespace

const std::vector<std::string>& recorded_bad_azure() {
  static const std::vector<std::string> all{
      "REPORT_DATA with something in its upper half", "a report that was asked for at VMPL 1",
      "runtime data with two keys HCLAkPub", "runtime data with a member twice",
      "the quote of another TPM"};
  return all;
}

std::vector<Judged> bad_azure(const Recording& recorded) {
  Maker make(recorded);
  bad_hcl(make);
  bad_quotes(make);
  bad_pcrs(make);
  const auto& names = recorded_bad_azure();
  make.recorded(names[0], Reason::runtime_data_mismatch);
  make.recorded(names[1], Reason::paravisor_vmpl);
  make.recorded(names[2], Reason::malformed_runtime_data);
  make.recorded(names[3], Reason::malformed_runtime_data);
  make.recorded(names[4], Reason::quote_signature_invalid);
  make.envelope("Azure's evidence without a VCEK", Reason::missing_endorsement,
                [](auto& parts) { parts.endorsement.reset(); });
  make.envelope("the report alone in place of Azure's evidence", Reason::binding_mismatch,
                [](auto& parts) {
                  const ByteView hcl = parts.azure->hcl_report;
                  parts.report.assign(hcl.begin() + 32, hcl.begin() + 32 + kSnpReportSize);
                  parts.azure.reset();
                });
  make.envelope("the path of another batch beside a quote", Reason::quote_binding_mismatch,
                [](auto& parts) {
                  merkle::Path path;
                  path.siblings.push_back(merkle::leaf(parts.claims));
                  parts.path = path.encode().value();
                });
  return std::move(make.out);
}

}  // namespace ratls::vectors
