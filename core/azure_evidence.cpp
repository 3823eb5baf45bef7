#include <ratls/core/azure_evidence.h>

#include <array>

#include <ratls/core/cbor.h>
#include <ratls/core/crypto.h>

namespace ratls {

namespace {

constexpr std::string_view kPrefix = "RATLS-AZURE-v1";
constexpr std::array<std::uint8_t, 1> kSeparator{0};

Result<Bytes> part(cbor::Reader& in) {
  RATLS_TRY(const ByteView value, in.bytes());
  return Bytes(value.begin(), value.end());
}

}  // namespace

Bytes AzureEvidence::encode() const {
  cbor::Writer out(hcl_report.size() + quote.size() + signature.size() + pcr_values.size() + 16);
  out.array(4).bytes(hcl_report).bytes(quote).bytes(signature).bytes(pcr_values);
  return std::move(out).take();
}

Result<AzureEvidence> AzureEvidence::decode(ByteView cbor_bytes) {
  cbor::Reader in(cbor_bytes, Reason::malformed_evidence);
  RATLS_CHECK(in.array_of(4));
  AzureEvidence out;
  RATLS_TRY(out.hcl_report, part(in));
  RATLS_TRY(out.quote, part(in));
  RATLS_TRY(out.signature, part(in));
  RATLS_TRY(out.pcr_values, part(in));
  RATLS_CHECK(in.finish());
  return out;
}

QualifyingData qualifying_data_for(const ReportData& data) noexcept {
  const auto digest = crypto::sha384({as_bytes(kPrefix), kSeparator, data.view()});
  return QualifyingData(digest.array());
}

}  // namespace ratls
