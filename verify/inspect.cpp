#include <ratls/verify/inspect.h>

#include <ratls/core/json.h>
#include <ratls/core/pem.h>
#include <ratls/verify/detail/describe_azure.h>
#include <ratls/verify/detail/describe_certificate.h>
#include <ratls/verify/detail/describe_evidence.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls {

namespace {

using detail::Said;

constexpr std::uint8_t kOctetString = 0x04;

constexpr std::string_view kLast = "NOT VERIFIED: no signature was checked.\n";

std::string framed(std::string_view instead, const std::string& lines) {
  return "NOT VERIFIED: what the file says, which anybody can write. " + std::string(instead) +
         "\n" + lines + std::string(kLast);
}

json::Object head(std::string_view schema) {
  json::Object out;
  out.text("schema", schema).boolean("verified", false);
  out.text("warning", "NOT VERIFIED: no signature was checked");
  return out;
}

Result<std::vector<Said>> read_certificates(ByteView file) {
  constexpr Reason kWhy = Reason::malformed_certificate;
  std::vector<Bytes> ders{Bytes(file.begin(), file.end())};
  if (has_pem(file, "CERTIFICATE")) {
    RATLS_TRY(ders, read_pem(file, "CERTIFICATE", kWhy));
  }
  std::vector<Said> out;
  for (const Bytes& der : ders) {
    RATLS_TRY(const auto certificate, Certificate::parse(der, kWhy, Certificate::kMaxForeignSize));
    out.push_back(detail::describe_certificate(certificate));
  }
  return out;
}

Result<Said> read_crl(ByteView file) {
  Bytes der(file.begin(), file.end());
  if (has_pem(file, "X509 CRL")) {
    RATLS_TRY(auto blocks, read_pem(file, "X509 CRL", Reason::malformed_crl));
    if (blocks.size() != 1) return Error(Reason::malformed_crl, "more than one list in PEM");
    der = std::move(blocks.front());
  }
  RATLS_TRY(const auto crl, Crl::parse(der, Reason::malformed_crl));
  return detail::describe_crl(crl);
}

// The contents of the extension, with or without the OCTET STRING around them.
Result<Said> read_evidence(ByteView file) {
  if (file.empty() || file.front() != kOctetString) {
    return detail::describe_evidence(file, std::nullopt);
  }
  RATLS_TRY(const ByteView cbor, EvidenceEnvelope::unwrap_extension(file));
  return detail::describe_evidence(cbor, std::nullopt);
}

}  // namespace

Result<std::string> inspect_report_text(ByteView report) {
  if (is_hcl_report(report)) {
    RATLS_TRY(const auto hcl, parse_hcl_report(report));
    return framed("Use \"ratls verify report\".", detail::describe_hcl(hcl).lines());
  }
  RATLS_TRY(const auto parsed, snp::detail::parse_report(report));
  return framed("Use \"ratls verify report\".", snp::detail::text_of(parsed));
}

Result<std::string> inspect_report_json(ByteView report) {
  if (is_hcl_report(report)) {
    RATLS_TRY(const auto hcl, parse_hcl_report(report));
    return head("ratls.hcl_report/1").raw("hcl_report", detail::describe_hcl(hcl).json()).str();
  }
  RATLS_TRY(const auto parsed, snp::detail::parse_report(report));
  return head("ratls.report/1").raw("report", snp::detail::json_of(parsed)).str();
}

Result<std::string> inspect_certificates_text(ByteView file) {
  RATLS_TRY(const auto all, read_certificates(file));
  std::string lines;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all.size() > 1) {
      lines += "certificate " + std::to_string(i + 1) + " of " + std::to_string(all.size()) + "\n";
    }
    lines += all[i].lines();
  }
  return framed("Use \"ratls verify cert\".", lines);
}

Result<std::string> inspect_certificates_json(ByteView file) {
  RATLS_TRY(const auto all, read_certificates(file));
  std::vector<std::string> list;
  for (const Said& said : all) list.push_back(said.json());
  return head("ratls.certificates/1").raw("certificates", json::array(list)).str();
}

Result<std::string> inspect_crl_text(ByteView file) {
  RATLS_TRY(const auto said, read_crl(file));
  return framed("The verify commands judge it with --crl.", said.lines());
}

Result<std::string> inspect_crl_json(ByteView file) {
  RATLS_TRY(const auto said, read_crl(file));
  return head("ratls.crl/1").raw("crl", said.json()).str();
}

Result<std::string> inspect_evidence_text(ByteView file) {
  RATLS_TRY(const auto said, read_evidence(file));
  return framed("Use \"ratls verify cert\" on the certificate that carries it.", said.lines());
}

Result<std::string> inspect_evidence_json(ByteView file) {
  RATLS_TRY(const auto said, read_evidence(file));
  return head("ratls.evidence/1").raw("evidence", said.json()).str();
}

}  // namespace ratls
