#include <ratls/core/x509.h>

#include <algorithm>
#include <cstring>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/x509_crt.h>

#include <ratls/core/ecdsa.h>
#include <ratls/core/guarded.h>

namespace ratls {

namespace {

constexpr std::size_t kMaxPemSize = 16384;
constexpr std::string_view kPemBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kPemEnd = "-----END CERTIFICATE-----";

Bytes copy(const mbedtls_asn1_buf& from) {
  return from.p == nullptr ? Bytes{} : Bytes(from.p, from.p + from.len);
}

std::string common_name(const mbedtls_x509_name& name) {
  for (const auto* part = &name; part != nullptr; part = part->next) {
    if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0) return to_string(copy(part->val));
  }
  return {};
}

std::optional<Timestamp> timestamp(const mbedtls_x509_time& time) {
  return from_calendar(time.year, time.mon, time.day, time.hour, time.min, time.sec);
}

// Every extension is collected by the caller; none is unknown to mbedTLS by this.
int accept_extension(void*, const mbedtls_x509_crt*, const mbedtls_x509_buf*, int,
                     const unsigned char*, const unsigned char*) {
  return 0;
}

struct OwnedCrt {
  OwnedCrt() noexcept { mbedtls_x509_crt_init(&value); }
  OwnedCrt(const OwnedCrt&) = delete;
  OwnedCrt& operator=(const OwnedCrt&) = delete;
  ~OwnedCrt() { mbedtls_x509_crt_free(&value); }
  mbedtls_x509_crt value;
};

// X.690, 8.3.2: the shortest form.
bool is_minimal_integer(ByteView content) {
  if (content.empty()) return false;
  if (content.size() == 1) return true;
  const bool first_is_spare =
      (content[0] == 0x00 && content[1] < 0x80) || (content[0] == 0xff && content[1] >= 0x80);
  return !first_is_spare;
}

// mbedTLS also takes the version and the serial number in longer forms than DER has, and a serial
// number under another tag.
bool has_der_numbers(const mbedtls_x509_crt& crt) {
  constexpr std::array<std::uint8_t, 5> kVersion3{0xa0, 0x03, 0x02, 0x01, 0x02};
  unsigned char* at = crt.tbs.p;
  std::size_t length = 0;
  if (mbedtls_asn1_get_tag(&at, crt.tbs.p + crt.tbs.len, &length,
                           MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) {
    return false;
  }
  const ByteView fields(at, length);
  const bool version =
      crt.version != 3 || (fields.size() > kVersion3.size() &&
                           std::equal(kVersion3.begin(), kVersion3.end(), fields.begin()));
  return version && crt.serial.tag == MBEDTLS_ASN1_INTEGER &&
         is_minimal_integer({crt.serial.p, crt.serial.len});
}

// "-0x2180", as mbedTLS's documentation writes its error codes.
std::string mbedtls_code(int failed) {
  const auto code = static_cast<std::uint32_t>(-failed);
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(code >> 8U),
                                          static_cast<std::uint8_t>(code)};
  return "-0x" + to_hex(bytes);
}

}  // namespace

/// Moves what mbedTLS parsed into a Certificate.
class CertificateParser {
 public:
  static Result<Certificate> parse(ByteView der, Reason on_error) {
    OwnedCrt crt;
    const int failed = mbedtls_x509_crt_parse_der_with_ext_cb(&crt.value, der.data(), der.size(), 1,
                                                              accept_extension, nullptr);
    if (ran_out_of_memory(failed)) return Error(Reason::out_of_memory);
    if (failed != 0)
      return Error(on_error, "not an X.509 certificate (" + mbedtls_code(failed) + ")");
    if (crt.value.raw.len != der.size()) return Error(on_error, "bytes after the certificate");
    if (!has_der_numbers(crt.value)) return Error(on_error, "a number is not in DER");
    Certificate out;
    out.der_.assign(der.begin(), der.end());
    out.tbs_ = copy(crt.value.tbs);
    out.version_ = crt.value.version;
    out.serial_ = copy(crt.value.serial);
    out.issuer_ = copy(crt.value.issuer_raw);
    out.subject_ = copy(crt.value.subject_raw);
    out.issuer_cn_ = common_name(crt.value.issuer);
    out.subject_cn_ = common_name(crt.value.subject);
    const auto from = timestamp(crt.value.valid_from);
    const auto to = timestamp(crt.value.valid_to);
    if (!from || !to) return Error(on_error, "a validity date does not exist");
    out.not_before_ = *from;
    out.not_after_ = *to;
    out.spki_ = copy(crt.value.pk_raw);
    out.signature_ = copy(crt.value.MBEDTLS_PRIVATE(sig));
    out.algorithm_ = algorithm(crt.value);
    out.is_ca_ = crt.value.MBEDTLS_PRIVATE(ca_istrue) != 0;
    read_key(crt.value, out);
    RATLS_CHECK(read_extensions(crt.value, out, on_error));
    return out;
  }

 private:
  static Certificate::SignatureAlgorithm algorithm(const mbedtls_x509_crt& crt) {
    using enum Certificate::SignatureAlgorithm;
    const auto md = crt.MBEDTLS_PRIVATE(sig_md);
    const auto pk = crt.MBEDTLS_PRIVATE(sig_pk);
    if (pk == MBEDTLS_PK_ECDSA && md == MBEDTLS_MD_SHA256) return ecdsa_sha256;
    if (pk == MBEDTLS_PK_ECDSA && md == MBEDTLS_MD_SHA384) return ecdsa_sha384;
    if (pk != MBEDTLS_PK_RSASSA_PSS || md != MBEDTLS_MD_SHA384) return other;
    const auto* options =
        static_cast<const mbedtls_pk_rsassa_pss_options*>(crt.MBEDTLS_PRIVATE(sig_opts));
    const bool amd_form = options != nullptr && options->mgf1_hash_id == MBEDTLS_MD_SHA384 &&
                          options->expected_salt_len == 48;
    return amd_form ? rsa_pss_sha384 : other;
  }

  static void read_key(const mbedtls_x509_crt& crt, Certificate& out) {
    if (mbedtls_pk_get_type(&crt.pk) == MBEDTLS_PK_RSA) {
      out.key_kind_ = Certificate::KeyKind::rsa;
      return;
    }
    if (mbedtls_pk_can_do(&crt.pk, MBEDTLS_PK_ECKEY) != 1) return;
    const std::size_t bits = mbedtls_pk_get_bitlen(&crt.pk);
    const std::size_t point_size = bits == 256 ? 65 : 97;
    if ((bits != 256 && bits != 384) || out.spki_.size() < point_size) return;
    // The BIT STRING stands last in the SubjectPublicKeyInfo (RFC 5480, 2).
    const ByteView point = ByteView(out.spki_).last(point_size);
    if (point.front() != 0x04) return;
    out.key_kind_ = bits == 256 ? Certificate::KeyKind::p256 : Certificate::KeyKind::p384;
    out.ec_point_.assign(point.begin(), point.end());
  }

  static Result<void> read_extensions(const mbedtls_x509_crt& crt, Certificate& out,
                                      Reason on_error) {
    unsigned char* at = crt.v3_ext.p;
    if (at == nullptr) return {};
    const unsigned char* const end = at + crt.v3_ext.len;
    std::size_t length = 0;
    constexpr int kSequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    if (mbedtls_asn1_get_tag(&at, end, &length, kSequence) != 0) {
      return Error(on_error, "the extensions are malformed");
    }
    while (at != end) {
      if (mbedtls_asn1_get_tag(&at, end, &length, kSequence) != 0) {
        return Error(on_error, "an extension is malformed");
      }
      RATLS_TRY(auto extension, read_extension(at, at + length, on_error));
      out.extensions_.push_back(std::move(extension));
      at += length;
    }
    return {};
  }

  // RFC 5280, 4.2: SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
  static Result<Certificate::Extension> read_extension(unsigned char* at, const unsigned char* end,
                                                       Reason on_error) {
    const Error malformed(on_error, "an extension is malformed");
    mbedtls_asn1_buf oid{MBEDTLS_ASN1_OID, 0, nullptr};
    if (mbedtls_asn1_get_tag(&at, end, &oid.len, MBEDTLS_ASN1_OID) != 0) return malformed;
    oid.p = at;
    at += oid.len;
    int critical = 0;
    const int no_flag = mbedtls_asn1_get_bool(&at, end, &critical);
    if (no_flag != 0 && no_flag != MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) return malformed;
    // X.690, 11.5: FALSE, the default, is not written.
    if (no_flag == 0 && critical == 0) return malformed;
    std::size_t length = 0;
    if (mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_OCTET_STRING) != 0) return malformed;
    if (at + length != end) return malformed;
    std::array<char, 128> dotted{};
    if (mbedtls_oid_get_numeric_string(dotted.data(), dotted.size(), &oid) < 0) return malformed;
    return Certificate::Extension{dotted.data(), critical != 0, Bytes(at, at + length)};
  }
};

Result<Certificate> Certificate::parse(ByteView der, Reason on_error, std::size_t limit) {
  if (der.empty()) return Error(on_error, "an empty certificate");
  if (der.size() > limit) {
    return Error(on_error, "a certificate of more than " + std::to_string(limit / 1024) + " KiB");
  }
  return CertificateParser::parse(der, on_error);
}

Result<Certificate> Certificate::parse_der_or_pem(ByteView file, Reason on_error) {
  const std::string text = to_string(file.first(std::min(file.size(), kMaxPemSize)));
  const std::size_t begin = text.find(kPemBegin);
  if (begin == std::string::npos) return parse(file, on_error);
  if (file.size() > kMaxPemSize) return Error(on_error, "a PEM file of more than 16 KiB");
  if (text.find(kPemBegin, begin + 1) != std::string::npos) {
    return Error(on_error, "more than one certificate in the PEM file; pass only the VCEK or VLEK");
  }
  mbedtls_pem_context pem;
  mbedtls_pem_init(&pem);
  std::size_t used = 0;
  const int failed = mbedtls_pem_read_buffer(&pem, kPemBegin.data(), kPemEnd.data(),
                                             reinterpret_cast<const unsigned char*>(text.c_str()),
                                             nullptr, 0, &used);
  std::size_t size = 0;
  const unsigned char* buffer = failed == 0 ? mbedtls_pem_get_buffer(&pem, &size) : nullptr;
  const Bytes der = buffer == nullptr ? Bytes{} : Bytes(buffer, buffer + size);
  mbedtls_pem_free(&pem);
  if (failed != 0) return Error(on_error, "the PEM armour is damaged");
  return parse(der, on_error);
}

Result<void> check_signed_by(const Certificate& certificate, ByteView issuer_spki,
                             Reason on_error) {
  using enum Certificate::SignatureAlgorithm;
  const bool by_sha256 = certificate.signature_algorithm() == ecdsa_sha256;
  if (!by_sha256 && certificate.signature_algorithm() != ecdsa_sha384) {
    return Error(on_error, "not signed with ECDSA over P-256 or P-384");
  }
  return verify_ecdsa(issuer_spki, by_sha256 ? EcdsaHash::sha256 : EcdsaHash::sha384,
                      certificate.tbs(), certificate.signature(), on_error);
}

Result<void> check_self_signature(const Certificate& certificate, Reason on_error) {
  return check_signed_by(certificate, certificate.spki(), on_error);
}

Result<RsaNumbers> parse_rsa_spki(ByteView der, Reason on_error) {
  mbedtls_pk_context pk;
  mbedtls_pk_init(&pk);
  RsaNumbers out;
  Bytes copy_of_der(der.begin(), der.end());
  unsigned char* at = copy_of_der.data();
  bool good = !der.empty() && mbedtls_pk_parse_subpubkey(&at, at + der.size(), &pk) == 0 &&
              at == copy_of_der.data() + der.size() && mbedtls_pk_get_type(&pk) == MBEDTLS_PK_RSA;
  if (good) {
    const auto* rsa = mbedtls_pk_rsa(pk);
    const std::size_t size = mbedtls_rsa_get_len(rsa);
    const std::size_t bits = mbedtls_rsa_get_bitlen(rsa);
    out.modulus.resize(size);
    out.exponent.resize(4);
    good = bits >= 2048 && bits <= 4096 &&
           mbedtls_rsa_export_raw(rsa, out.modulus.data(), size, nullptr, 0, nullptr, 0, nullptr, 0,
                                  out.exponent.data(), out.exponent.size()) == 0;
  }
  mbedtls_pk_free(&pk);
  if (!good) return Error(on_error, "not an RSA public key of 2048 to 4096 bits");
  while (out.exponent.size() > 1 && out.exponent.front() == 0) {
    out.exponent.erase(out.exponent.begin());
  }
  return out;
}

}  // namespace ratls
