#include <ratls/verify/collateral/item.h>

#include <algorithm>
#include <array>

#include <ratls/core/crl.h>
#include <ratls/core/crypto.h>
#include <ratls/verify/collateral/detail/describe.h>
#include <ratls/verify/snp/detail/endorsing.h>

namespace ratls {

namespace {

using snp::ProductLine;
using snp::SigningKeyKind;

constexpr std::array kLines{ProductLine::milan, ProductLine::genoa, ProductLine::turin};

bool same(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

CollateralItem item_of(ByteView der, const TrustedIssuer& issuer) {
  CollateralItem out;
  out.line = issuer.line;
  out.der.assign(der.begin(), der.end());
  out.digest = crypto::sha256({der});
  out.ark = id_of_ark(issuer);
  out.simulated = issuer.simulated;
  return out;
}

Result<CollateralItem> read_endorsement(Certificate certificate, const RootOfTrust& roots) {
  RATLS_TRY(auto endorsement, snp::detail::parse_endorsement(std::move(certificate)));
  RATLS_TRY(const TrustedIssuer* issuer, snp::detail::check_chain(endorsement, roots));
  CollateralItem out = item_of(endorsement.certificate.der(), *issuer);
  detail::describe(endorsement, out);
  return out;
}

/// Which CA certificate a common name claims.
struct CaClaim {
  ProductLine line;
  CollateralKind kind;

  /// Whom the certificates below it would be for; an ARK stands above both.
  [[nodiscard]] SigningKeyKind signs() const {
    return kind == CollateralKind::asvk ? SigningKeyKind::vlek : SigningKeyKind::vcek;
  }
};

std::optional<CaClaim> claim_of(const std::string& common_name) {
  for (const ProductLine line : kLines) {
    const std::string product(snp::amd_name(line));
    if (common_name == "ARK-" + product) return CaClaim{line, CollateralKind::ark};
    if (common_name == "SEV-" + product) return CaClaim{line, CollateralKind::ask};
    if (common_name == "SEV-VLEK-" + product) return CaClaim{line, CollateralKind::asvk};
  }
  return std::nullopt;
}

bool is_pinned(const Certificate& certificate, const RsaNumbers& key, CaClaim claim,
               const TrustedIssuer& issuer) {
  const bool root = claim.kind == CollateralKind::ark;
  return same(key.modulus, root ? issuer.ark_modulus : issuer.modulus) &&
         same(key.exponent, root ? issuer.ark_exponent : issuer.exponent) &&
         crypto::verify_rsa_pss_sha384({issuer.ark_modulus, issuer.ark_exponent}, certificate.tbs(),
                                       certificate.signature())
             .has_value();
}

Result<CollateralItem> read_ca(const Certificate& certificate, CaClaim claim,
                               const RootOfTrust& roots) {
  RATLS_TRY(const RsaNumbers key, parse_rsa_spki(certificate.spki(), Reason::malformed_collateral));
  for (const TrustedIssuer* issuer : roots.issuers(claim.line, claim.signs())) {
    if (!is_pinned(certificate, key, claim, *issuer)) continue;
    CollateralItem out = item_of(certificate.der(), *issuer);
    out.kind = claim.kind;
    out.begins = certificate.not_before();
    out.ends = certificate.not_after();
    return out;
  }
  return Error(Reason::chain_untrusted,
               certificate.subject_cn() + " with another key than the trusted one");
}

Result<CollateralItem> read_crl(ByteView der, const Crl& crl, const RootOfTrust& roots) {
  for (const ProductLine line : kLines) {
    if (crl.issuer_cn() != "ARK-" + std::string(snp::amd_name(line))) continue;
    for (const TrustedIssuer* issuer : roots.issuers(line, SigningKeyKind::vcek)) {
      if (!snp::detail::check_list_genuine(crl, *issuer)) continue;
      CollateralItem out = item_of(der, *issuer);
      out.kind = CollateralKind::crl;
      out.begins = crl.this_update();
      out.ends = crl.next_update();
      out.crl_number = crl.number();
      return out;
    }
    return Error(Reason::crl_invalid,
                 "not signed by a trusted ARK-" + std::string(snp::amd_name(line)));
  }
  return Error(Reason::crl_invalid, "its issuer is none of AMD's roots");
}

}  // namespace

std::string_view name(CollateralKind kind) noexcept {
  constexpr std::array<std::string_view, 6> kNames{"VCEK", "VLEK", "ASK", "ASVK", "ARK", "CRL"};
  return kNames.at(static_cast<std::size_t>(kind));
}

Result<CollateralItem> read_collateral(ByteView der, const RootOfTrust& roots) {
  const auto crl = Crl::parse(der, Reason::malformed_collateral);
  if (crl) return read_crl(der, *crl, roots);
  auto certificate = Certificate::parse(der, Reason::malformed_collateral);
  if (!certificate) {
    return Error(Reason::malformed_collateral, "as a certificate: " + certificate.error().detail() +
                                                   "; as a list: " + crl.error().detail());
  }
  if (const auto claim = claim_of(certificate->subject_cn())) {
    return read_ca(*certificate, *claim, roots);
  }
  return read_endorsement(std::move(certificate).value(), roots);
}

}  // namespace ratls
