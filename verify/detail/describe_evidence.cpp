#include <ratls/verify/detail/describe_evidence.h>

#include <ratls/core/claims.h>
#include <ratls/core/evidence.h>
#include <ratls/core/merkle.h>
#include <ratls/core/report_data.h>
#include <ratls/core/tpm_quote.h>
#include <ratls/verify/detail/describe_azure.h>
#include <ratls/verify/detail/describe_certificate.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls::detail {

namespace {

void add_problem(Said& out, std::string_view key, const Error& error) {
  Said problem;
  problem.text("problem", error.message());
  out.section(key, problem);
}

Said said_of(const Claims& claims, std::optional<ByteView> spki) {
  Said out;
  out.number("protocol", 1).text("role", name(claims.role)).text("level", name(claims.level));
  if (claims.binder) {
    out.text("binder", claims.binder->hex());
  } else {
    out.none("binder", "none; level \"key\" is bound to no session");
  }
  out.text("pubkey_hash", claims.pubkey_hash.hex());
  if (spki) {
    out.yes_no("names_this_key", equal_ct(claims.pubkey_hash.view(), hash_spki(*spki).view()));
  }
  if (claims.identity) {
    out.number("identity_bytes", claims.identity->certificate.size());
  } else {
    out.none("identity_bytes", "no identity claim");
  }
  return out;
}

// Whether REPORT_DATA covers these claims: arithmetic over the file alone, and no proof.
void add_coverage(Said& out, const EvidenceEnvelope& evidence, const merkle::Path& path) {
  const auto root = merkle::fold(merkle::leaf(evidence.claims), path);
  if (evidence.azure) {
    const auto quote = parse_tpm_quote(evidence.azure->quote);
    const auto wanted = qualifying_data_for(report_data_for(root));
    out.yes_no("quote_covers_claims", quote && equal_ct(quote->extra_data, wanted.view()));
    return;
  }
  const auto shown = snp::detail::peek_report_data(evidence.report);
  out.yes_no("report_data_covers_claims",
             shown && equal_ct(shown->view(), report_data_for(root).view()));
}

void add_path(Said& out, const EvidenceEnvelope& evidence) {
  merkle::Path path;
  if (!evidence.path) {
    out.none("path", "none; the report serves one session");
    return add_coverage(out, evidence, path);
  }
  auto decoded = merkle::Path::decode(*evidence.path);
  if (!decoded) return add_problem(out, "path", decoded.error());
  path = *std::move(decoded);
  Said said;
  said.number("siblings", path.siblings.size()).number("sides", path.sides);
  out.section("path", said);
  add_coverage(out, evidence, path);
}

void add_report(Said& out, const EvidenceEnvelope& evidence) {
  if (evidence.azure) return add_azure(out, *evidence.azure);
  const auto report = snp::detail::parse_report(evidence.report);
  if (!report) return add_problem(out, "report", report.error());
  out.block("report", snp::detail::text_of(*report), snp::detail::json_of(*report));
}

void add_endorsement(Said& out, const EvidenceEnvelope& evidence) {
  if (!evidence.endorsement) {
    out.none("endorsement", "none is stapled");
    return;
  }
  const auto parsed = Certificate::parse(*evidence.endorsement, Reason::malformed_endorsement);
  if (!parsed) return add_problem(out, "endorsement", parsed.error());
  out.section("endorsement", describe_certificate(*parsed));
}

void add_crl(Said& out, const EvidenceEnvelope& evidence) {
  if (!evidence.crl) {
    out.none("crl", "none is stapled");
    return;
  }
  const auto parsed = Crl::parse(*evidence.crl, Reason::crl_invalid);
  if (!parsed) return add_problem(out, "crl", parsed.error());
  out.section("crl", describe_crl(*parsed));
}

// Hex without the leading zeros, which a list of another issuer may write or not.
std::string serial_text(ByteView number) {
  return number.empty() ? "00" : to_hex(number);
}

// AMD's lists are empty or name one or two intermediates; anybody's list may name thousands.
void add_serials(Said& out, const Crl& crl) {
  constexpr std::size_t kShown = 16;
  std::string words;
  std::vector<std::string> all;
  for (const Bytes& serial : crl.serials()) {
    if (all.size() < kShown) words += (words.empty() ? "0x" : ", 0x") + serial_text(serial);
    all.push_back(json::quoted(serial_text(serial)));
  }
  if (all.size() > kShown) words += " and " + std::to_string(all.size() - kShown) + " more";
  out.both("revoked_serials", words.empty() ? "none" : words, json::array(all));
}

}  // namespace

Result<Said> describe_evidence(ByteView cbor, std::optional<ByteView> spki) {
  RATLS_TRY(const auto evidence, EvidenceEnvelope::decode(cbor));
  Said out;
  out.number("bytes", cbor.size());
  const auto claims = Claims::decode(evidence.claims);
  if (claims) {
    out.section("claims", said_of(*claims, spki));
  } else {
    add_problem(out, "claims", claims.error());
  }
  add_path(out, evidence);
  add_report(out, evidence);
  add_endorsement(out, evidence);
  add_crl(out, evidence);
  return out;
}

Said describe_crl(const Crl& crl) {
  Said out;
  out.text("issuer", crl.issuer_cn());
  if (crl.number()) {
    out.text("number", serial_text(*crl.number()));
  } else {
    out.none("number", "none");
  }
  out.text("this_update", to_rfc3339(crl.this_update()));
  out.text("next_update", to_rfc3339(crl.next_update()));
  add_serials(out, crl);
  return out;
}

}  // namespace ratls::detail
