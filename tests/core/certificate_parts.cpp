#include "certificate_parts.h"

#include <ratls/core/base64.h>
#include <ratls/core/der.h>

#include "check.h"

namespace ratls::test {

CertificateParts::CertificateParts()
    : version(der::explicit_tag(0, der::integer(2))),
      serial(der::integer(0x1234)),
      algorithm(der::sequence({der::oid("1.2.840.10045.4.3.2")})),
      issuer(common_name("leaf")),
      subject(common_name("leaf")),
      validity(der::sequence({der::time(Timestamp{0}), der::time(Timestamp{253402300799})})),
      spki(ec_spki(kP256, p256_point())),
      signature(der::bit_string(der::sequence({der::integer(1), der::integer(2)}))) {}

Bytes CertificateParts::tbs() const {
  Bytes list;
  for (const Bytes& one : extensions) append(list, one);
  const Bytes all = der::tlv(0x30, list);
  const Bytes tagged = extensions.empty() ? Bytes{} : der::explicit_tag(3, all);
  return der::sequence({version, serial, algorithm, issuer, validity, subject, spki, tagged});
}

Bytes CertificateParts::der() const {
  return der::sequence({tbs(), algorithm, signature});
}

CrlParts::CrlParts()
    : version(der::integer(1)),
      algorithm(pss_algorithm(kSha384, kSha384, 48)),
      issuer(common_name("ARK-Test")),
      this_update(der::time(Timestamp{1700000000})),
      next_update(der::time(Timestamp{1800000000})),
      signature(der::bit_string(Bytes(512, 0x5A))) {}

Bytes CrlParts::tbs() const {
  Bytes list;
  for (const Bytes& serial : serials) append(list, der::sequence({serial, this_update}));
  const Bytes revoked = serials.empty() ? Bytes{} : der::tlv(0x30, list);
  return der::sequence({version, algorithm, issuer, this_update, next_update, revoked, extensions});
}

Bytes CrlParts::der() const {
  return der::sequence({tbs(), algorithm, signature});
}

std::string pem(std::string_view label, ByteView der) {
  const std::string base64 = to_base64(der);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < base64.size(); at += 64) out += base64.substr(at, 64) + "\n";
  return out + "-----END " + std::string(label) + "-----\n";
}

Bytes common_name(std::string_view text) {
  const Bytes pair = der::sequence({der::oid("2.5.4.3"), der::utf8_string(text)});
  return der::sequence({der::set({pair})});
}

Bytes extension(std::string_view oid, ByteView value, bool critical) {
  const Bytes flag = critical ? der::boolean(true) : Bytes{};
  return der::sequence({der::oid(oid), flag, der::octet_string(value)});
}

Bytes ec_spki(std::string_view curve_oid, ByteView point) {
  const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.2.1"), der::oid(curve_oid)});
  return der::sequence({algorithm, der::bit_string(point)});
}

Bytes rsa_spki(ByteView modulus, ByteView exponent) {
  const Bytes algorithm = der::sequence({der::oid("1.2.840.113549.1.1.1"), der::null()});
  const Bytes key = der::sequence({der::integer(modulus), der::integer(exponent)});
  return der::sequence({algorithm, der::bit_string(key)});
}

Bytes pss_algorithm(std::string_view hash_oid, std::string_view mgf_hash_oid, unsigned salt) {
  const Bytes hash = der::sequence({der::oid(hash_oid), der::null()});
  const Bytes mgf_hash = der::sequence({der::oid(mgf_hash_oid), der::null()});
  const Bytes mgf = der::sequence({der::oid("1.2.840.113549.1.1.8"), mgf_hash});
  const Bytes parameters = der::sequence({der::explicit_tag(0, hash), der::explicit_tag(1, mgf),
                                          der::explicit_tag(2, der::integer(salt))});
  return der::sequence({der::oid("1.2.840.113549.1.1.10"), parameters});
}

Bytes p256_point() {
  return hex(
      "04"
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
}

Bytes p384_point() {
  return hex(
      "04"
      "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b98"
      "59f741e082542a385502f25dbf55296c3a545e3872760ab7"
      "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147c"
      "e9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f");
}

}  // namespace ratls::test
