#include <ratls/verify/evidence_leaf.h>

#include <ratls/core/evidence.h>
#include <ratls/core/pem.h>
#include <ratls/verify/foreign_evidence.h>

namespace ratls {

namespace {

constexpr std::string_view kKeyUsage = "2.5.29.15";
constexpr std::string_view kBasicConstraints = "2.5.29.19";

Error misshapen(std::string_view what) {
  return Error(Reason::malformed_certificate, std::string(what));
}

// Before anything else is judged: a peer of another protocol should be told so, and not that its
// key or its size is wrong.
Result<void> check_protocol(const Certificate& leaf) {
  for (const auto& extension : leaf.extensions()) {
    if (extension.oid == kEvidenceOid) return {};
  }
  const auto foreign = foreign_evidence(leaf);
  if (!foreign) return misshapen("no evidence extension");
  return Error(Reason::foreign_evidence,
               "it carries " + std::string(foreign->format) + ", OID " + foreign->oid);
}

Result<void> check_shape(const Certificate& leaf) {
  if (leaf.der().size() > Certificate::kMaxSize) return misshapen("more than 8 KiB");
  if (leaf.version() != 3) return misshapen("not an X.509 v3 certificate");
  if (!equal_ct(leaf.subject(), leaf.issuer())) return misshapen("subject and issuer differ");
  if (leaf.is_ca()) return misshapen("a CA certificate");
  const auto kind = leaf.key_kind();
  if (kind != Certificate::KeyKind::p256 && kind != Certificate::KeyKind::p384) {
    return misshapen("the key is not on P-256 or P-384");
  }
  return {};
}

// Exactly one evidence extension, not critical, and no critical one that is unknown.
Result<ByteView> evidence_extension(const Certificate& leaf) {
  const Certificate::Extension* found = nullptr;
  for (const auto& extension : leaf.extensions()) {
    const bool is_evidence = extension.oid == kEvidenceOid;
    if (is_evidence && found != nullptr) return misshapen("two evidence extensions");
    if (is_evidence && extension.critical) return misshapen("the evidence extension is critical");
    if (is_evidence) found = &extension;
    const bool known = extension.oid == kKeyUsage || extension.oid == kBasicConstraints;
    if (extension.critical && !known) return misshapen("an unknown critical extension");
  }
  if (found == nullptr) return misshapen("no evidence extension");
  return ByteView(found->value);
}

Result<Bytes> one_certificate(ByteView file) {
  if (!has_pem(file, "CERTIFICATE")) return Bytes(file.begin(), file.end());
  RATLS_TRY(auto blocks, read_pem(file, "CERTIFICATE", Reason::malformed_certificate));
  if (blocks.size() == 1) return std::move(blocks.front());
  return Error(
      Reason::malformed_certificate,
      std::to_string(blocks.size()) + " certificates in PEM; an attested leaf stands alone");
}

}  // namespace

Result<EvidenceLeaf> read_evidence_leaf(const Certificate& leaf) {
  RATLS_CHECK(check_protocol(leaf));
  RATLS_CHECK(check_shape(leaf));
  RATLS_TRY(const ByteView extension, evidence_extension(leaf));
  RATLS_TRY(const ByteView cbor, EvidenceEnvelope::unwrap_extension(extension));
  const ByteView spki = leaf.spki();
  return EvidenceLeaf{{spki.begin(), spki.end()}, {cbor.begin(), cbor.end()}};
}

Result<EvidenceLeaf> read_evidence_leaf_file(ByteView file) {
  RATLS_TRY(const Bytes der, one_certificate(file));
  RATLS_TRY(const auto certificate,
            Certificate::parse(der, Reason::malformed_certificate, Certificate::kMaxForeignSize));
  RATLS_TRY(auto leaf, read_evidence_leaf(certificate));
  RATLS_CHECK(check_self_signature(certificate, Reason::malformed_certificate));
  return leaf;
}

}  // namespace ratls
