#include <ratls/kds/detail/judge.h>

#include <algorithm>

#include <ratls/core/x509.h>
#include <ratls/kds/detail/pem.h>

namespace ratls::kds {
namespace {

using snp::SigningKeyKind;

constexpr Reason kMalformedChain = Reason::malformed_collateral;

Error not_asked_for(Reason reason, const CollateralItem& item) {
  return Error(reason, "the answer is a " + std::string(name(item.kind)));
}

// An answer that is no certificate at all gets the reason of what was asked for.
Error as_endorsement(Error error) {
  if (error.reason() != Reason::malformed_collateral) return error;
  return Error(Reason::malformed_endorsement, "the answer is no certificate");
}

Result<void> check_line(snp::ProductLine wanted, const CollateralItem& item, Reason reason) {
  if (item.line == wanted) return {};
  return Error(reason, "asked for " + std::string(snp::amd_name(wanted)) + ", got " +
                           std::string(snp::amd_name(item.line)));
}

Result<void> check_chip(const EndorsementQuery& query, const CollateralItem& item) {
  const ByteView id = query.chip_id.view();
  const ByteView got(item.hardware_id);
  const bool same = got.size() <= id.size() && std::equal(got.begin(), got.end(), id.begin()) &&
                    is_zero(id.subspan(std::min(got.size(), id.size())));
  if (same) return {};
  return Error(Reason::chip_id_mismatch,
               "asked for " + to_hex(id.first(8)) + "..., got " +
                   to_hex(got.first(std::min<std::size_t>(8, got.size()))) + "...");
}

Result<void> check_dates(const CollateralItem& item, const Clock& clock) {
  const auto now = clock.now();
  if (!now) return Error(Reason::no_time);
  if (*now < item.begins) {
    return Error(Reason::endorsement_not_yet_valid,
                 "begins " + to_rfc3339(item.begins) + ", the clock says " + to_rfc3339(*now));
  }
  if (*now <= item.ends) return {};
  return Error(Reason::endorsement_expired,
               "ended " + to_rfc3339(item.ends) + ", the clock says " + to_rfc3339(*now));
}

CollateralKind chain_kind(SigningKeyKind kind) {
  return kind == SigningKeyKind::vcek ? CollateralKind::ask : CollateralKind::asvk;
}

}  // namespace

Result<CollateralItem> judge_vcek(const EndorsementQuery& query, ByteView der,
                                  const RootOfTrust& roots, const Clock& clock) {
  auto item = read_collateral(der, roots);
  if (!item) return as_endorsement(std::move(item).error());
  if (item->kind != CollateralKind::vcek)
    return not_asked_for(Reason::malformed_endorsement, *item);
  if (query.line) RATLS_CHECK(check_line(*query.line, *item, Reason::product_mismatch));
  RATLS_CHECK(check_chip(query, *item));
  if (item->tcb != query.reported_tcb) {
    return Error(Reason::tcb_mismatch,
                 "asked for " + query.reported_tcb.text() + "; got " + item->tcb.text());
  }
  RATLS_CHECK(check_dates(*item, clock));
  return item;
}

Result<CollateralItem> judge_crl(const CrlQuery& query, ByteView der, const RootOfTrust& roots,
                                 const Clock& clock) {
  auto item = read_collateral(der, roots);
  if (!item && item.error().reason() == Reason::malformed_collateral) {
    return Error(Reason::crl_invalid, "the answer is no revocation list");
  }
  if (!item) return item;
  if (item->kind != CollateralKind::crl) return not_asked_for(Reason::crl_invalid, *item);
  RATLS_CHECK(check_line(query.line, *item, Reason::crl_invalid));
  if (query.ark && *query.ark != item->ark) {
    return Error(Reason::crl_invalid, "signed by another root than the one that was asked for");
  }
  const auto now = clock.now();
  if (!now) return Error(Reason::no_time);
  if (*now < item->ends) return item;
  return Error(Reason::crl_stale, "its next one was due " + to_rfc3339(item->ends) +
                                      ", the clock says " + to_rfc3339(*now));
}

Result<std::vector<CollateralItem>> judge_chain(snp::ProductLine line, SigningKeyKind kind,
                                                ByteView pem, const RootOfTrust& roots) {
  const std::string text = to_string(pem);
  const auto blocks = certificate_blocks(text);
  if (blocks.size() != 2) {
    return Error(kMalformedChain, "a chain of AMD's has two certificates, this answer " +
                                      std::to_string(blocks.size()));
  }
  std::vector<CollateralItem> out;
  for (const std::string_view block : blocks) {
    const std::string one = std::string(block) + "\n";
    RATLS_TRY(const auto certificate,
              Certificate::parse_der_or_pem(as_bytes(one), kMalformedChain));
    RATLS_TRY(CollateralItem item, read_collateral(certificate.der(), roots));
    RATLS_CHECK(check_line(line, item, Reason::product_mismatch));
    const CollateralKind wanted = out.empty() ? chain_kind(kind) : CollateralKind::ark;
    if (item.kind != wanted) return not_asked_for(kMalformedChain, item);
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace ratls::kds
