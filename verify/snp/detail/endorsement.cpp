#include <ratls/verify/snp/detail/endorsement.h>

#include <array>

#include <ratls/verify/snp/detail/amd_extensions.h>

namespace ratls::snp::detail {

namespace {

constexpr std::array kLines{ProductLine::milan, ProductLine::genoa, ProductLine::turin};
constexpr std::size_t kHardwareIdSize = 64;
constexpr std::size_t kTurinHardwareIdSize = 8;

Error malformed(std::string detail) {
  return Error(Reason::malformed_endorsement, std::move(detail));
}

Result<void> check_form(const Certificate& certificate) {
  if (certificate.version() != 3) return malformed("not an X.509 v3 certificate");
  if (!is_zero(certificate.serial())) return malformed("the serial number is not 0");
  if (certificate.key_kind() != Certificate::KeyKind::p384) return malformed("not a P-384 key");
  if (certificate.signature_algorithm() != Certificate::SignatureAlgorithm::rsa_pss_sha384) {
    return malformed("not signed with RSASSA-PSS, SHA-384 and a salt of 48 bytes");
  }
  if (certificate.is_ca()) return malformed("a CA certificate; pass the VCEK or VLEK");
  if (certificate.not_after() < certificate.not_before()) {
    return malformed("it ends before it begins");
  }
  return {};
}

Result<SigningKeyKind> read_kind(const Certificate& certificate) {
  if (certificate.subject_cn() == "SEV-VCEK") return SigningKeyKind::vcek;
  if (certificate.subject_cn() == "SEV-VLEK") return SigningKeyKind::vlek;
  return malformed("the subject is neither SEV-VCEK nor SEV-VLEK");
}

Result<ProductLine> read_line(const Certificate& certificate, SigningKeyKind kind) {
  const std::string prefix = kind == SigningKeyKind::vcek ? "SEV-" : "SEV-VLEK-";
  for (const ProductLine line : kLines) {
    if (certificate.issuer_cn() == prefix + std::string(amd_name(line))) return line;
  }
  return malformed("the issuer is none of AMD's for a " + std::string(name(kind)));
}

// "Milan" or with a stepping, "Milan-B0" (AMD 57230, productName1).
bool names_line(std::string_view product_name, ProductLine line) {
  const std::string_view base = amd_name(line);
  if (!product_name.starts_with(base)) return false;
  const std::string_view rest = product_name.substr(base.size());
  if (rest.empty()) return true;
  return rest.size() == 3 && rest[0] == '-' && rest[1] >= 'A' && rest[1] <= 'Z' && rest[2] >= '0' &&
         rest[2] <= '9';
}

Result<void> check_product(const AmdExtensions& extensions, ProductLine line) {
  RATLS_TRY(const std::uint8_t version, extensions.svn("1", "structVersion"));
  if (version != (line == ProductLine::turin ? 1 : 0)) {
    return malformed("structVersion " + std::to_string(version) + " does not fit the product");
  }
  RATLS_TRY(const std::string product_name, extensions.text("2", "productName"));
  if (!names_line(product_name, line)) return malformed("productName does not fit the issuer");
  return {};
}

// The reserved components stand for reserved bytes of TCB_VERSION, which are zero.
Result<void> check_reserved_svns(const AmdExtensions& extensions, ProductLine line) {
  constexpr std::array<std::array<std::string_view, 2>, 4> kReserved{
      {{"3.4", "spl4"}, {"3.5", "spl5"}, {"3.6", "spl6"}, {"3.7", "spl7"}}};
  for (const auto& [tail, name] : kReserved) {
    if (line == ProductLine::turin && tail == "3.4") {
      RATLS_CHECK(extensions.absent(tail, name));
      continue;
    }
    RATLS_TRY(const std::uint8_t value, extensions.svn(tail, name));
    if (value != 0) return malformed(std::string(name) + " is reserved and not 0");
  }
  return {};
}

Result<Tcb> read_tcb(const AmdExtensions& extensions, ProductLine line) {
  Tcb out;
  RATLS_TRY(out.bootloader, extensions.svn("3.1", "blSPL"));
  RATLS_TRY(out.tee, extensions.svn("3.2", "teeSPL"));
  RATLS_TRY(out.snp, extensions.svn("3.3", "snpSPL"));
  RATLS_TRY(out.microcode, extensions.svn("3.8", "ucodeSPL"));
  RATLS_CHECK(check_reserved_svns(extensions, line));
  if (line == ProductLine::turin) {
    RATLS_TRY(out.fmc, extensions.svn("3.9", "fmcSPL"));
  } else {
    RATLS_CHECK(extensions.absent("3.9", "fmcSPL"));
  }
  return out;
}

// hwID carries no ASN.1 tag: chips whose id begins like one are chips all the same.
Result<void> read_identity(const AmdExtensions& extensions, Endorsement& out) {
  if (out.kind == SigningKeyKind::vlek) {
    RATLS_CHECK(extensions.absent("4", "hwID"));
    RATLS_TRY(out.csp_id, extensions.text("5", "cspID"));
    return {};
  }
  RATLS_CHECK(extensions.absent("5", "cspID"));
  RATLS_TRY(const ByteView id, extensions.raw("4", "hwID"));
  const std::size_t size = out.line == ProductLine::turin ? kTurinHardwareIdSize : kHardwareIdSize;
  if (id.size() != size) {
    return malformed("hwID has " + std::to_string(id.size()) + " bytes instead of " +
                     std::to_string(size));
  }
  out.hardware_id.assign(id.begin(), id.end());
  return {};
}

}  // namespace

Result<Endorsement> parse_endorsement(Certificate certificate) {
  RATLS_CHECK(check_form(certificate));
  RATLS_TRY(const SigningKeyKind kind, read_kind(certificate));
  RATLS_TRY(const ProductLine line, read_line(certificate, kind));
  RATLS_TRY(const AmdExtensions extensions, AmdExtensions::open(certificate));
  RATLS_CHECK(check_product(extensions, line));
  RATLS_TRY(const Tcb tcb, read_tcb(extensions, line));
  Endorsement out{certificate, kind, line, tcb, {}, {}};
  RATLS_CHECK(read_identity(extensions, out));
  return out;
}

}  // namespace ratls::snp::detail
