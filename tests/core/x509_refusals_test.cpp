#include <ratls/core/der.h>
#include <ratls/core/x509.h>

#include <filesystem>

#include "../support/files.h"
#include "certificate_parts.h"
#include "check.h"

using namespace ratls;
using test::CertificateParts;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::malformed_endorsement;

bool refused(ByteView file) {
  return test::refused(Certificate::parse_der_or_pem(file, kWhy), kWhy);
}

std::string pem_of(ByteView der) {
  return test::pem("CERTIFICATE", der);
}

Bytes good_der() {
  CertificateParts parts;
  parts.extensions = {test::extension("2.5.29.15", hex("03020780"), true),
                      test::extension("1.3.6.1.5.5.7.1.35", Bytes(40, 0x17))};
  return parts.der();
}

// Looks at all that a certificate offers: the sanitizers judge.
std::size_t read_all(const Certificate& certificate) {
  std::size_t sum = certificate.der().size() + certificate.tbs().size() +
                    certificate.serial().size() + certificate.issuer().size() +
                    certificate.subject().size() + certificate.spki().size() +
                    certificate.ec_point().size() + certificate.signature().size() +
                    certificate.issuer_cn().size() + certificate.subject_cn().size();
  for (const auto& extension : certificate.extensions()) sum += extension.value.size();
  return sum;
}

}  // namespace

TEST_CASE("a certificate is read from DER and from PEM alike") {
  const Bytes der = good_der();
  const auto from_der = Certificate::parse_der_or_pem(der, kWhy);
  const auto from_pem = Certificate::parse_der_or_pem(as_bytes(pem_of(der)), kWhy);
  REQUIRE(from_der);
  REQUIRE(from_pem);
  CHECK(equal_ct(from_der->der(), der));
  CHECK(equal_ct(from_pem->der(), der));
}

TEST_CASE("PEM may stand between other text, with either line ending") {
  const std::string pem = pem_of(good_der());
  CHECK(Certificate::parse_der_or_pem(as_bytes("# VCEK\n" + pem + "\n# end\n"), kWhy));
  std::string crlf;
  for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(Certificate::parse_der_or_pem(as_bytes(crlf), kWhy));
}

TEST_CASE("two certificates in one PEM file are refused, and the error says so") {
  const std::string pem = pem_of(good_der());
  const auto result = Certificate::parse_der_or_pem(as_bytes(pem + pem), kWhy);
  REQUIRE(test::refused(result, kWhy));
  CHECK(result.error().detail().find("more than one certificate") != std::string::npos);
}

TEST_CASE("damaged PEM is refused") {
  const std::string pem = pem_of(good_der());
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  CHECK(refused(as_bytes(begin)));
  CHECK(refused(as_bytes(begin + "-----END CERTIFICATE-----\n")));
  CHECK(refused(as_bytes(begin + "!!!!\n-----END CERTIFICATE-----\n")));
  CHECK(refused(as_bytes(pem.substr(0, pem.size() - 10))));
  std::string broken = pem;
  broken[begin.size() + 5] = '*';
  CHECK(refused(as_bytes(broken)));
  const std::string nul("\0", 1);
  CHECK(refused(as_bytes(nul + pem)));
  CHECK(refused(as_bytes("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")));
  for (std::size_t size = 0; size < pem.size() - 1; ++size) {
    if (!refused(as_bytes(pem).first(size))) FAIL("prefix of " << size);
  }
}

TEST_CASE("files larger than any certificate are refused") {
  CHECK(refused(as_bytes(pem_of(good_der()) + std::string(16384, '\n'))));
  CHECK(refused(Bytes(20000, 0x30)));
  CertificateParts parts;
  parts.extensions = {test::extension("1.3.6.1.5.5.7.1.35", Bytes(7000))};
  const std::size_t size = parts.der().size();
  parts.extensions = {test::extension("1.3.6.1.5.5.7.1.35", Bytes(7000 + 8192 - size))};
  REQUIRE(parts.der().size() == 8192);
  CHECK(Certificate::parse(parts.der(), kWhy));
  parts.extensions = {test::extension("1.3.6.1.5.5.7.1.35", Bytes(7001 + 8192 - size))};
  const auto result = Certificate::parse(parts.der(), kWhy);
  REQUIRE(test::refused(result, kWhy));
  CHECK(result.error().detail() == "a certificate of more than 8 KiB");
}

TEST_CASE("nothing, and every prefix of a certificate, is refused") {
  const Bytes der = good_der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    if (!refused(ByteView(der).first(size))) FAIL("prefix of " << size);
  }
}

TEST_CASE("bytes after the certificate are refused") {
  Bytes der = good_der();
  append(der, Bytes{0});
  CHECK(refused(der));
  der.pop_back();
  append(der, good_der());
  CHECK(refused(der));
  CHECK(refused(as_bytes(pem_of(der))));
}

TEST_CASE("a flipped bit is refused or shows in the bytes, and never crashes") {
  const Bytes der = good_der();
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < der.size() * 8; ++bit) {
    const Bytes flipped = test::with_bit_flipped(der, bit);
    const auto certificate = Certificate::parse(flipped, kWhy);
    if (!certificate) {
      if (certificate.error().reason() != kWhy) FAIL("bit " << bit);
      continue;
    }
    ++accepted;
    if (!equal_ct(certificate->der(), flipped) || read_all(*certificate) == 0) FAIL("bit " << bit);
  }
  CHECK(accepted > 0);
  CHECK(accepted < der.size() * 8);
}

TEST_CASE("a flipped bit that is accepted shows in the signed bytes or in the signature") {
  for (const Bytes& algorithm : {der::sequence({der::oid("1.2.840.10045.4.3.3")}),
                                 test::pss_algorithm(test::kSha384, test::kSha384, 48)}) {
    CertificateParts parts;
    parts.algorithm = algorithm;
    const Bytes der = parts.der();
    const auto original = Certificate::parse(der, kWhy);
    REQUIRE(original);
    for (std::size_t bit = 0; bit < der.size() * 8; ++bit) {
      const auto other = Certificate::parse(test::with_bit_flipped(der, bit), kWhy);
      if (!other) continue;
      const bool same = equal_ct(other->tbs(), original->tbs()) &&
                        equal_ct(other->signature(), original->signature());
      if (same) FAIL("bit " << bit);
    }
  }
}

TEST_CASE("parts of the wrong shape are refused") {
  const auto refused_with = [](auto change) {
    CertificateParts parts;
    change(parts);
    return refused(parts.der());
  };
  CHECK(refused_with([](auto& p) { p.version = der::explicit_tag(0, der::integer(3)); }));
  CHECK(refused_with([](auto& p) { p.version = der::integer(2); }));
  CHECK(refused_with([](auto& p) { p.serial = der::null(); }));
  CHECK(refused_with([](auto& p) { p.serial.clear(); }));
  CHECK(refused_with([](auto& p) { p.algorithm = der::sequence({}); }));
  CHECK(refused_with([](auto& p) { p.algorithm = der::sequence({der::oid("1.2.3")}); }));
  CHECK(refused_with([](auto& p) { p.issuer = der::null(); }));
  CHECK(refused_with([](auto& p) { p.subject.clear(); }));
  CHECK(refused_with([](auto& p) { p.validity = der::sequence({der::time(Timestamp{0})}); }));
  CHECK(refused_with([](auto& p) {
    const Bytes no_date = der::tlv(0x17, as_bytes("230229000000Z"));
    p.validity = der::sequence({no_date, no_date});
  }));
  CHECK(refused_with([](auto& p) { p.spki = der::sequence({}); }));
  CHECK(refused_with([](auto& p) { p.spki.clear(); }));
  CHECK(refused_with([](auto& p) { p.signature = der::null(); }));
  CHECK(refused_with([](auto& p) { p.extensions = {der::null()}; }));
  CHECK(refused_with([](auto& p) { p.extensions = {der::sequence({der::oid("1.2.3")})}; }));
  CHECK(refused_with([](auto& p) {
    p.extensions = {der::sequence({der::oid("1.2.3"), der::octet_string({}), der::null()})};
  }));
  CHECK(refused_with([](auto& p) {
    p.extensions = {der::sequence({der::oid("1.2.3"), hex("0102ffff"), der::octet_string({})})};
  }));
}

TEST_CASE("the algorithm inside and outside of the signed part must be the same") {
  const CertificateParts parts;
  const Bytes other = der::sequence({der::oid("1.2.840.10045.4.3.3")});
  CHECK(refused(der::sequence({parts.tbs(), other, parts.signature})));
}

TEST_CASE("a hundred thousand nested sequences are refused") {
  Bytes der;
  for (int i = 0; i < 100000; ++i) append(der, hex("3080"));
  CHECK(refused(der));
  CHECK(refused(ByteView(der).first(8000)));
}

TEST_CASE("every genuine certificate at hand is read, and its PEM is its DER") {
  const auto folder = test::shared_vectors();
  if (!folder) SKIP("no shared vectors beside the project");
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
    if (entry.path().extension() != ".der") continue;
    CAPTURE(entry.path().string());
    const auto file = test::read_file(entry.path().string());
    REQUIRE(file);
    const auto certificate = Certificate::parse_der_or_pem(*file, kWhy);
    REQUIRE(certificate);
    ++count;
    CHECK(equal_ct(certificate->der(), *file));
    CHECK(certificate->signature_algorithm() == Certificate::SignatureAlgorithm::rsa_pss_sha384);
    const bool authority = entry.path().filename().string().front() == 'a';
    CHECK(certificate->is_ca() == authority);
    CHECK(certificate->key_kind() ==
          (authority ? Certificate::KeyKind::rsa : Certificate::KeyKind::p384));
    CHECK(certificate->issuer_cn().starts_with(authority ? "ARK-" : "SEV-"));
    CHECK(certificate->not_before() < certificate->not_after());
    if (authority) CHECK(parse_rsa_spki(certificate->spki(), kWhy).value().modulus.size() == 512);
    const auto pem =
        test::read_file(entry.path().parent_path() / (entry.path().stem().string() + ".pem"));
    if (pem) CHECK(equal_ct(Certificate::parse_der_or_pem(*pem, kWhy).value().der(), *file));
  }
  CHECK(count >= 9);
}

TEST_CASE("a genuine chain in one PEM file is more than one certificate") {
  const auto folder = test::shared_vectors();
  if (!folder) SKIP("no shared vectors beside the project");
  const auto chain = test::read_file(*folder + "/certs/milan/cert_chain_vcek.pem");
  REQUIRE(chain);
  CHECK(refused(*chain));
}

// Each was taken by mbedTLS, and found by comparison with an independent parser.
TEST_CASE("numbers and defaults that are not in DER are refused") {
  const auto with = [](auto change) {
    CertificateParts parts;
    change(parts);
    return parts.der();
  };
  CHECK_FALSE(refused(with([](CertificateParts& p) { p.serial = hex("020100"); })));
  CHECK(refused(with([](CertificateParts& p) { p.serial = hex("02020000"); })));
  CHECK(refused(with([](CertificateParts& p) { p.serial = hex("0200"); })));
  CHECK(refused(with([](CertificateParts& p) { p.serial = hex("0202ff80"); })));
  CHECK(refused(with([](CertificateParts& p) { p.serial = hex("820100"); })));
  CHECK(refused(with([](CertificateParts& p) { p.version = hex("a00402020002"); })));
  CHECK(refused(with([](CertificateParts& p) {
    // critical BOOLEAN FALSE, which is the default, written out
    p.extensions = {hex("300c06032a030401010004020500")};
  })));
}
