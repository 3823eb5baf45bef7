#include <ratls/core/x509.h>

#include <ratls/core/der.h>

#include "certificate_parts.h"
#include "check.h"

using namespace ratls;
using test::CertificateParts;
using test::hex;
using KeyKind = Certificate::KeyKind;
using SignatureAlgorithm = Certificate::SignatureAlgorithm;

namespace {

constexpr Reason kWhy = Reason::malformed_certificate;

Certificate parse(const Bytes& der) {
  auto out = Certificate::parse(der, kWhy);
  if (!out) FAIL(out.error().message());
  return std::move(out).value();
}

bool refused(const Bytes& der) {
  return test::refused(Certificate::parse(der, kWhy), kWhy);
}

bool same(ByteView a, ByteView b) {
  return equal_ct(a, b);
}

// Any odd number will do: only its size is looked at.
Bytes modulus(std::size_t size, std::uint8_t first = 0xC1) {
  Bytes out(size, 0xAB);
  out.front() = first;
  return out;
}

}  // namespace

TEST_CASE("every field of a certificate is read as it stands") {
  CertificateParts parts;
  parts.serial = der::integer(hex("80112233445566778899aabbccddeeff"));
  parts.issuer = test::common_name("the issuer");
  parts.subject = test::common_name("the subject");
  parts.extensions = {test::extension("1.3.6.1.5.5.7.1.35", hex("0403010203")),
                      test::extension("2.5.29.15", hex("03020780"), true)};
  const Bytes der = parts.der();
  const Certificate certificate = parse(der);
  CHECK(same(certificate.der(), der));
  CHECK(same(certificate.tbs(), parts.tbs()));
  CHECK(certificate.version() == 3);
  CHECK(to_hex(certificate.serial()) == "0080112233445566778899aabbccddeeff");
  CHECK(same(certificate.issuer(), parts.issuer));
  CHECK(same(certificate.subject(), parts.subject));
  CHECK(certificate.issuer_cn() == "the issuer");
  CHECK(certificate.subject_cn() == "the subject");
  CHECK(certificate.not_before() == Timestamp{0});
  CHECK(certificate.not_after() == Timestamp{253402300799});
  CHECK(same(certificate.spki(), parts.spki));
  CHECK(certificate.key_kind() == KeyKind::p256);
  CHECK(same(certificate.ec_point(), test::p256_point()));
  CHECK(certificate.signature_algorithm() == SignatureAlgorithm::ecdsa_sha256);
  CHECK(to_hex(certificate.signature()) == "3006020101020102");
  CHECK_FALSE(certificate.is_ca());
}

TEST_CASE("extensions come in order, known, unknown and repeated ones alike") {
  CertificateParts parts;
  parts.extensions = {test::extension("1.3.6.1.4.1.3704.1.1", hex("020100")),
                      test::extension("2.5.29.15", hex("03020780"), true),
                      test::extension("1.3.6.1.5.5.7.1.35", hex("040101")),
                      test::extension("1.3.6.1.5.5.7.1.35", hex("040102"), true)};
  const Certificate certificate = parse(parts.der());
  const auto& extensions = certificate.extensions();
  REQUIRE(extensions.size() == 4);
  CHECK(extensions[0].oid == "1.3.6.1.4.1.3704.1.1");
  CHECK_FALSE(extensions[0].critical);
  CHECK(extensions[0].value == hex("020100"));
  CHECK(extensions[1].oid == "2.5.29.15");
  CHECK(extensions[1].critical);
  CHECK(extensions[2].oid == extensions[3].oid);
  CHECK_FALSE(extensions[2].critical);
  CHECK(extensions[3].critical);
  CHECK(extensions[3].value == hex("040102"));
}

TEST_CASE("a certificate without extensions has none") {
  CHECK(parse(CertificateParts().der()).extensions().empty());
}

TEST_CASE("an authority is told from a leaf") {
  CertificateParts parts;
  parts.extensions = {test::extension("2.5.29.19", hex("30030101ff"), true)};
  CHECK(parse(parts.der()).is_ca());
  parts.extensions = {test::extension("2.5.29.19", hex("3000"), true)};
  CHECK_FALSE(parse(parts.der()).is_ca());
}

TEST_CASE("keys are told apart by kind, and only EC keys have a point") {
  CertificateParts parts;
  parts.spki = test::ec_spki(test::kP384, test::p384_point());
  const Certificate p384 = parse(parts.der());
  CHECK(p384.key_kind() == KeyKind::p384);
  CHECK(same(p384.ec_point(), test::p384_point()));

  parts.spki = test::rsa_spki(modulus(256), hex("010001"));
  const Certificate rsa = parse(parts.der());
  CHECK(rsa.key_kind() == KeyKind::rsa);
  CHECK(rsa.ec_point().empty());
  CHECK(same(rsa.spki(), parts.spki));
}

TEST_CASE("a compressed point is no kind that is used") {
  for (const auto& [curve, point] :
       {std::pair{test::kP256, test::p256_point()}, std::pair{test::kP384, test::p384_point()}}) {
    Bytes compressed(point.begin(),
                     point.begin() + static_cast<std::ptrdiff_t>(point.size() / 2 + 1));
    compressed[0] = static_cast<std::uint8_t>(0x02U | (point.back() & 1U));
    CertificateParts parts;
    parts.spki = test::ec_spki(curve, compressed);
    const auto certificate = Certificate::parse(parts.der(), kWhy);
    if (!certificate) continue;
    CHECK(certificate->key_kind() == KeyKind::other);
    CHECK(certificate->ec_point().empty());
  }
}

TEST_CASE("a point that is not on its curve is refused") {
  Bytes point = test::p256_point();
  point.back() ^= 1U;
  CertificateParts parts;
  parts.spki = test::ec_spki(test::kP256, point);
  CHECK(refused(parts.der()));
  parts.spki = test::ec_spki(test::kP384, test::p256_point());
  CHECK(refused(parts.der()));
  parts.spki = test::ec_spki("1.3.132.0.10", test::p256_point());  // secp256k1
  CHECK(refused(parts.der()));
}

TEST_CASE("signature algorithms are told apart, PSS by all of its parameters") {
  const std::vector<std::pair<Bytes, SignatureAlgorithm>> rows{
      {der::sequence({der::oid("1.2.840.10045.4.3.2")}), SignatureAlgorithm::ecdsa_sha256},
      {der::sequence({der::oid("1.2.840.10045.4.3.3")}), SignatureAlgorithm::ecdsa_sha384},
      {der::sequence({der::oid("1.2.840.10045.4.3.4")}), SignatureAlgorithm::other},
      {der::sequence({der::oid("1.2.840.113549.1.1.11"), der::null()}), SignatureAlgorithm::other},
      {der::sequence({der::oid("1.2.840.113549.1.1.12"), der::null()}), SignatureAlgorithm::other},
      {test::pss_algorithm(test::kSha384, test::kSha384, 48), SignatureAlgorithm::rsa_pss_sha384},
      {test::pss_algorithm(test::kSha384, test::kSha384, 32), SignatureAlgorithm::other},
      {test::pss_algorithm(test::kSha384, test::kSha256, 48), SignatureAlgorithm::other},
      {test::pss_algorithm(test::kSha256, test::kSha256, 32), SignatureAlgorithm::other},
  };
  for (const auto& [algorithm, expected] : rows) {
    CertificateParts parts;
    parts.algorithm = algorithm;
    CAPTURE(to_hex(algorithm));
    CHECK(parse(parts.der()).signature_algorithm() == expected);
  }
}

TEST_CASE("names without a common name, or with several, do not confuse") {
  CertificateParts parts;
  const Bytes country = der::sequence({der::oid("2.5.4.6"), der::printable_string("US")});
  const Bytes first = der::sequence({der::oid("2.5.4.3"), der::utf8_string("first")});
  const Bytes second = der::sequence({der::oid("2.5.4.3"), der::utf8_string("second")});
  parts.issuer = der::sequence({der::set({country})});
  parts.subject = der::sequence({der::set({country}), der::set({first}), der::set({second})});
  const Certificate certificate = parse(parts.der());
  CHECK(certificate.issuer_cn().empty());
  CHECK(certificate.subject_cn() == "first");
  CHECK(same(certificate.subject(), parts.subject));
}

TEST_CASE("the numbers of an RSA key are read, without leading zeros") {
  for (const std::size_t size : {256U, 384U, 512U}) {
    const auto numbers = parse_rsa_spki(test::rsa_spki(modulus(size), hex("010001")), kWhy);
    REQUIRE(numbers);
    CHECK(numbers->modulus == modulus(size));
    CHECK(numbers->exponent == hex("010001"));
  }
  CHECK(parse_rsa_spki(test::rsa_spki(modulus(256), hex("03")), kWhy).value().exponent ==
        hex("03"));
  CHECK(
      parse_rsa_spki(test::rsa_spki(modulus(256), hex("ffffffff")), kWhy).value().exponent.size() ==
      4);
}

TEST_CASE("RSA keys of a size or exponent out of range are refused") {
  CHECK(test::refused(parse_rsa_spki(test::rsa_spki(modulus(128), hex("03")), kWhy), kWhy));
  CHECK(test::refused(parse_rsa_spki(test::rsa_spki(modulus(255), hex("03")), kWhy), kWhy));
  CHECK(test::refused(parse_rsa_spki(test::rsa_spki(modulus(513), hex("03")), kWhy), kWhy));
  // 2047 bits still take 256 bytes.
  CHECK(test::refused(parse_rsa_spki(test::rsa_spki(modulus(256, 0x7F), hex("03")), kWhy), kWhy));
  CHECK(test::refused(parse_rsa_spki(test::rsa_spki(modulus(256), hex("0100000001")), kWhy), kWhy));
}

TEST_CASE("what is no RSA key is refused") {
  Bytes good = test::rsa_spki(modulus(256), hex("010001"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto result = parse_rsa_spki(ByteView(good).first(size), kWhy);
    if (!test::refused(result, kWhy)) FAIL("prefix of " << size);
  }
  good.push_back(0);
  CHECK(test::refused(parse_rsa_spki(good, kWhy), kWhy));
  const Bytes ec = test::ec_spki(test::kP256, test::p256_point());
  CHECK(test::refused(parse_rsa_spki(ec, kWhy), kWhy));
}
