#include <ratls/certgen/sim/detail/amd_der.h>

#include <array>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>

namespace ratls::sim::detail {
namespace {

constexpr std::string_view kSha384 = "2.16.840.1.101.3.4.2.2";
constexpr std::string_view kMgf1 = "1.2.840.113549.1.1.8";
constexpr std::string_view kRsassaPss = "1.2.840.113549.1.1.10";

constexpr std::string_view kSubjectKeyId = "2.5.29.14";
constexpr std::string_view kKeyUsage = "2.5.29.15";
constexpr std::string_view kBasicConstraints = "2.5.29.19";
constexpr std::string_view kCrlNumber = "2.5.29.20";
constexpr std::string_view kCrlDistributionPoints = "2.5.29.31";
constexpr std::string_view kAuthorityKeyId = "2.5.29.35";

constexpr Timestamp kCaNotBefore{1577836800};  // 2020-01-01
constexpr Timestamp kCaNotAfter{2366841600};   // 2045-01-01

Bytes attribute(std::string_view oid, ByteView value) {
  return der::set({der::sequence({der::oid(oid), value})});
}

Bytes extension(std::string_view oid, bool critical, ByteView value) {
  const Bytes flag = critical ? der::boolean(true) : Bytes{};  // DEFAULT FALSE is left out
  return der::sequence({der::oid(oid), flag, der::octet_string(value)});
}

// AMD's are SHA-1; RFC 7093, 2 (1) gives 160 bits of SHA-256 instead.
Bytes key_id(ByteView spki) {
  const Sha256Digest digest = crypto::sha256({spki});
  return Bytes(digest.view().begin(), digest.view().first(20).end());
}

Bytes authority_key_id(ByteView issuer_spki) {
  return extension(kAuthorityKeyId, false, der::sequence({der::tlv(0x80, key_id(issuer_spki))}));
}

Bytes subject_key_id(ByteView spki) {
  return extension(kSubjectKeyId, false, der::octet_string(key_id(spki)));
}

Bytes key_usage(std::uint8_t bits, unsigned unused) {
  const std::array<std::uint8_t, 1> value{bits};
  return extension(kKeyUsage, true, der::bit_string(value, unused));
}

Bytes crl_distribution_point(KeyLine line, Ca ca) {
  const std::string url = std::string("https://simulator.invalid/") +
                          (ca == Ca::asvk ? "vlek" : "vcek") + "/v1/" +
                          std::string(certificate_name(line)) + "/crl";
  const Bytes uri = der::tlv(0x86, as_bytes(url));
  const Bytes point = der::sequence({der::explicit_tag(0, der::explicit_tag(0, uri))});
  return extension(kCrlDistributionPoints, false, der::sequence({point}));
}

// The order of extensions differs between AMD's ARK and its ASK and ASVK.
Bytes ark_extensions(KeyLine line, ByteView spki) {
  const Bytes constraints = der::sequence({der::boolean(true)});
  return der::sequence({key_usage(0x06, 1), subject_key_id(spki),
                        extension(kBasicConstraints, true, constraints),
                        crl_distribution_point(line, Ca::ark)});
}

Bytes intermediate_extensions(KeyLine line, Ca ca, ByteView spki, ByteView issuer_spki) {
  const Bytes constraints = der::sequence({der::boolean(true), der::integer(std::uint64_t{0})});
  return der::sequence({subject_key_id(spki), authority_key_id(issuer_spki),
                        extension(kBasicConstraints, true, constraints), key_usage(0x04, 2),
                        crl_distribution_point(line, ca)});
}

Bytes v3() {
  return der::explicit_tag(0, der::integer(std::uint64_t{2}));
}

Bytes validity(Timestamp from, Timestamp until) {
  return der::sequence({der::time(from), der::time(until)});
}

}  // namespace

Bytes pss_algorithm(bool explicit_trailer) {
  const Bytes hash = der::sequence({der::oid(kSha384), der::null()});
  const Bytes mgf = der::sequence({der::oid(kMgf1), hash});
  const Bytes trailer =
      explicit_trailer ? der::explicit_tag(3, der::integer(std::uint64_t{1})) : Bytes{};
  const Bytes parameters =
      der::sequence({der::explicit_tag(0, hash), der::explicit_tag(1, mgf),
                     der::explicit_tag(2, der::integer(std::uint64_t{48})), trailer});
  return der::sequence({der::oid(kRsassaPss), parameters});
}

Bytes distinguished_name(std::string_view common_name) {
  return der::sequence({attribute("2.5.4.11", der::utf8_string("Engineering")),
                        attribute("2.5.4.6", der::printable_string("US")),
                        attribute("2.5.4.7", der::utf8_string("Santa Clara")),
                        attribute("2.5.4.8", der::utf8_string("CA")),
                        attribute("2.5.4.10", der::utf8_string("ratls simulator (NOT AMD)")),
                        attribute("2.5.4.3", der::utf8_string(common_name))});
}

std::uint64_t ca_serial(KeyLine line, Ca ca) noexcept {
  // Genoa's ASK is a second issue: 0x20002.
  constexpr std::array<std::array<std::uint64_t, 3>, 3> kSerials{{
      {0x10000, 0x10001, 0x10101},
      {0x20000, 0x20002, 0x20101},
      {0x30000, 0x30001, 0x30101},
  }};
  return kSerials[static_cast<std::size_t>(line)][static_cast<std::size_t>(ca)];
}

Bytes ca_tbs(KeyLine line, Ca ca, ByteView spki, ByteView issuer_spki) {
  const Bytes extensions = ca == Ca::ark ? ark_extensions(line, spki)
                                         : intermediate_extensions(line, ca, spki, issuer_spki);
  return der::sequence(
      {v3(), der::integer(ca_serial(line, ca)), pss_algorithm(true),
       distinguished_name(common_name(line, Ca::ark)), validity(kCaNotBefore, kCaNotAfter),
       distinguished_name(common_name(line, ca)), spki, der::explicit_tag(3, extensions)});
}

Bytes endorsement_tbs(const EndorsementShape& shape) {
  Bytes extensions;
  for (const CertificateExtension& each : shape.extensions) {
    append(extensions, extension(each.oid, false, each.value));
  }
  return der::sequence({v3(), der::integer(shape.serial), pss_algorithm(shape.explicit_trailer),
                        distinguished_name(shape.issuer_cn),
                        validity(shape.not_before, shape.not_after),
                        distinguished_name(shape.subject_cn), shape.spki,
                        der::explicit_tag(3, der::sequence({extensions}))});
}

Bytes crl_tbs(KeyLine line, ByteView ark_spki, Timestamp this_update, Timestamp next_update,
              std::uint64_t number, const std::vector<RevokedSerial>& revoked) {
  Bytes entries;
  for (const RevokedSerial& each : revoked) {
    append(entries, der::sequence({der::integer(each.serial), der::time(each.when)}));
  }
  // revokedCertificates is absent where it would be empty (RFC 5280, 5.1.2.6).
  const Bytes list = entries.empty() ? Bytes{} : der::sequence({entries});
  const Bytes extensions = der::sequence(
      {authority_key_id(ark_spki), extension(kCrlNumber, false, der::integer(number))});
  return der::sequence({der::integer(std::uint64_t{1}), pss_algorithm(true),
                        distinguished_name(common_name(line, Ca::ark)), der::time(this_update),
                        der::time(next_update), list, der::explicit_tag(0, extensions)});
}

Bytes signed_object(ByteView tbs, bool explicit_trailer, ByteView signature) {
  return der::sequence({tbs, pss_algorithm(explicit_trailer), der::bit_string(signature)});
}

}  // namespace ratls::sim::detail
