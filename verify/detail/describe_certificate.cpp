#include <ratls/verify/detail/describe_certificate.h>

#include <ratls/core/base64.h>
#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/signing_key.h>
#include <ratls/verify/detail/describe_evidence.h>
#include <ratls/verify/foreign_evidence.h>
#include <ratls/verify/snp/detail/amd_roots.h>
#include <ratls/verify/snp/detail/describe.h>
#include <ratls/verify/snp/detail/endorsement.h>

namespace ratls::detail {

namespace {

using snp::detail::AmdKey;
using snp::detail::AmdRoot;

enum class Kind : std::uint8_t { leaf, foreign_leaf, endorsement, amd_ca, like_amd_ca, other };

const AmdRoot* pinned_root(const Certificate& certificate) {
  const std::string digest = hash_spki(certificate.spki()).hex();
  for (const AmdRoot& root : snp::detail::amd_roots()) {
    if (root.spki_sha384_hex == digest) return &root;
  }
  return nullptr;
}

bool named_like_root(const Certificate& certificate) {
  for (const AmdRoot& root : snp::detail::amd_roots()) {
    if (root.common_name == certificate.subject_cn()) return true;
  }
  return false;
}

bool has_extension(const Certificate& certificate, std::string_view oid) {
  for (const auto& extension : certificate.extensions()) {
    if (extension.oid == oid) return true;
  }
  return false;
}

Kind kind_of(const Certificate& certificate) {
  if (has_extension(certificate, kEvidenceOid)) return Kind::leaf;
  if (foreign_evidence(certificate)) return Kind::foreign_leaf;
  const std::string& name = certificate.subject_cn();
  if (name == "SEV-VCEK" || name == "SEV-VLEK") return Kind::endorsement;
  if (pinned_root(certificate) != nullptr) return Kind::amd_ca;
  return named_like_root(certificate) ? Kind::like_amd_ca : Kind::other;
}

std::string_view code_of(Kind kind) {
  switch (kind) {
    case Kind::leaf:
      return "ratls_leaf";
    case Kind::foreign_leaf:
      return "foreign_leaf";
    case Kind::endorsement:
      return "amd_endorsement";
    case Kind::amd_ca:
      return "amd_ca";
    case Kind::like_amd_ca:
      return "not_amd_ca";
    case Kind::other:
      break;
  }
  return "other";
}

std::string_view title_of(AmdKey kind) {
  switch (kind) {
    case AmdKey::ark:
      return "AMD's root key (ARK)";
    case AmdKey::ask:
      return "AMD's key for VCEKs (ASK)";
    case AmdKey::asvk:
      break;
  }
  return "AMD's key for VLEKs (ASVK)";
}

std::string words_of(Kind kind, const Certificate& certificate) {
  switch (kind) {
    case Kind::leaf:
      return "a TLS leaf with ratls evidence";
    case Kind::foreign_leaf:
      return "a certificate of another protocol: " +
             std::string(foreign_evidence(certificate)->format);
    case Kind::endorsement:
      return "calls itself a VCEK or VLEK: AMD's certificate for the key that signs reports";
    case Kind::amd_ca: {
      const AmdRoot& root = *pinned_root(certificate);
      return std::string(title_of(root.kind)) + " of " + std::string(snp::amd_name(root.line)) +
             ", one of the keys pinned in ratls";
    }
    case Kind::like_amd_ca:
      return "has the name of an AMD key, and its key is NOT AMD's";
    case Kind::other:
      break;
  }
  return "no ratls evidence, and nothing of AMD's";
}

std::string_view key_name(Certificate::KeyKind kind) {
  switch (kind) {
    case Certificate::KeyKind::p256:
      return "P-256";
    case Certificate::KeyKind::p384:
      return "P-384";
    case Certificate::KeyKind::rsa:
      return "RSA";
    default:
      return "other";
  }
}

std::string_view signature_name(Certificate::SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case Certificate::SignatureAlgorithm::ecdsa_sha256:
      return "ECDSA with SHA-256";
    case Certificate::SignatureAlgorithm::ecdsa_sha384:
      return "ECDSA with SHA-384";
    case Certificate::SignatureAlgorithm::rsa_pss_sha384:
      return "RSASSA-PSS with SHA-384";
    default:
      return "other";
  }
}

void add_extensions(Said& out, const Certificate& certificate) {
  std::vector<std::string> list;
  std::string words;
  for (const auto& extension : certificate.extensions()) {
    json::Object entry;
    entry.text("oid", extension.oid).boolean("critical", extension.critical);
    list.push_back(entry.number("bytes", extension.value.size()).str());
    words += (words.empty() ? "" : ", ") + extension.oid;
    if (extension.critical) words += " (critical)";
  }
  out.both("extensions", words.empty() ? "none" : words, json::array(list));
}

void add_common(Said& out, const Certificate& certificate) {
  out.text("subject", certificate.subject_cn()).text("issuer", certificate.issuer_cn());
  out.text("serial", to_hex(certificate.serial()));
  out.text("not_before", to_rfc3339(certificate.not_before()));
  out.text("not_after", to_rfc3339(certificate.not_after()));
  out.text("key", key_name(certificate.key_kind()));
  out.text("signature", signature_name(certificate.signature_algorithm()));
  const auto sha256 = crypto::sha256({certificate.spki()});
  out.text("spki_sha256", sha256.hex());
  out.text("spki_sha384", hash_spki(certificate.spki()).hex());
  out.text("pin", "sha256//" + to_base64(sha256.view()));
}

Said said_of(const snp::detail::Endorsement& endorsement) {
  Said out;
  out.text("kind", snp::name(endorsement.kind));
  out.text("product_line", snp::amd_name(endorsement.line));
  out.both("tcb", endorsement.tcb.text(), snp::detail::json_of(endorsement.tcb));
  if (endorsement.kind == snp::SigningKeyKind::vcek) {
    out.text("hardware_id", to_hex(endorsement.hardware_id));
  } else {
    out.text("csp_id", endorsement.csp_id);
  }
  return out;
}

void add_endorsement(Said& out, const Certificate& certificate) {
  const auto parsed = snp::detail::parse_endorsement(certificate);
  if (parsed) {
    out.section("amd", said_of(*parsed));
  } else {
    out.text("problem", parsed.error().message());
  }
}

void add_evidence(Said& out, const Certificate& certificate) {
  for (const auto& extension : certificate.extensions()) {
    if (extension.oid != kEvidenceOid) continue;
    const auto cbor = EvidenceEnvelope::unwrap_extension(extension.value);
    auto said = cbor ? describe_evidence(*cbor, certificate.spki()) : Result<Said>(cbor.error());
    if (said) {
      out.section("evidence", *said);
    } else {
      out.text("problem", said.error().message());
    }
    return;  // a second one is for `verify cert` to refuse
  }
}

}  // namespace

Said describe_certificate(const Certificate& certificate) {
  const Kind kind = kind_of(certificate);
  Said out;
  out.text("what", words_of(kind, certificate)).text("kind", code_of(kind));
  add_common(out, certificate);
  add_extensions(out, certificate);
  if (kind == Kind::endorsement) add_endorsement(out, certificate);
  if (kind == Kind::leaf) add_evidence(out, certificate);
  return out;
}

}  // namespace ratls::detail
