#include <ratls/core/crl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crl.h>

namespace ratls {

namespace {

Bytes copy(const mbedtls_asn1_buf& from) {
  return from.p == nullptr ? Bytes{} : Bytes(from.p, from.p + from.len);
}

Bytes without_leading_zeros(ByteView number) {
  const auto first = std::find_if(number.begin(), number.end(), [](auto b) { return b != 0; });
  return Bytes(first, number.end());
}

std::optional<Timestamp> timestamp(const mbedtls_x509_time& time) {
  return from_calendar(time.year, time.mon, time.day, time.hour, time.min, time.sec);
}

struct OwnedCrl {
  OwnedCrl() noexcept { mbedtls_x509_crl_init(&value); }
  OwnedCrl(const OwnedCrl&) = delete;
  OwnedCrl& operator=(const OwnedCrl&) = delete;
  ~OwnedCrl() { mbedtls_x509_crl_free(&value); }
  mbedtls_x509_crl value;
};

bool has_amd_signature_form(const mbedtls_x509_crl& crl) {
  const auto* options =
      static_cast<const mbedtls_pk_rsassa_pss_options*>(crl.MBEDTLS_PRIVATE(sig_opts));
  return crl.MBEDTLS_PRIVATE(sig_pk) == MBEDTLS_PK_RSASSA_PSS &&
         crl.MBEDTLS_PRIVATE(sig_md) == MBEDTLS_MD_SHA384 && options != nullptr &&
         options->mgf1_hash_id == MBEDTLS_MD_SHA384 && options->expected_salt_len == 48;
}

// RFC 5280, 5.1.1.2: the unsigned AlgorithmIdentifier, which stands behind the signed part, equals
// the signed one. mbedTLS compares all of it but the tag of the parameters.
bool has_one_algorithm(const mbedtls_x509_crl& crl) {
  const ByteView raw(crl.raw.p, crl.raw.len);
  const auto oid_at = static_cast<std::size_t>(crl.sig_oid.p - crl.raw.p);
  const auto outer_at = static_cast<std::size_t>(crl.tbs.p - crl.raw.p) + crl.tbs.len;
  constexpr std::size_t kHeaders = 4;  // SEQUENCE and OID, both with short lengths
  if (oid_at < kHeaders || raw[oid_at - kHeaders] != 0x30) return false;
  const std::size_t size = 2U + raw[oid_at - kHeaders + 1];
  const ByteView inner = raw.subspan(oid_at - kHeaders);
  const ByteView outer = raw.subspan(outer_at);
  return size <= outer.size() &&
         std::equal(inner.begin(), inner.begin() + static_cast<std::ptrdiff_t>(size),
                    outer.begin());
}

constexpr int kSequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;

// X.690, 8.3 and 10.1: one encoding only; RFC 5280, 5.2.3: non-negative, at most 20 octets.
std::optional<Bytes> crl_number(ByteView value) {
  if (value.size() < 3 || value[0] != MBEDTLS_ASN1_INTEGER || value[1] != value.size() - 2) {
    return std::nullopt;
  }
  const ByteView number = value.subspan(2);
  const bool negative = (number[0] & 0x80U) != 0;
  const bool padded = number.size() > 1 && number[0] == 0 && (number[1] & 0x80U) == 0;
  if (negative || padded) return std::nullopt;
  Bytes out = without_leading_zeros(number);
  if (out.size() > Crl::kMaxNumberSize) return std::nullopt;
  return out;
}

// Steps over one Extension; `value` is what its extnValue holds. mbedTLS has been through them.
bool next_extension(unsigned char*& at, const unsigned char* end, ByteView& oid, ByteView& value) {
  std::size_t length = 0;
  if (mbedtls_asn1_get_tag(&at, end, &length, kSequence) != 0) return false;
  const unsigned char* const inner_end = at + length;
  if (mbedtls_asn1_get_tag(&at, inner_end, &length, MBEDTLS_ASN1_OID) != 0) return false;
  oid = ByteView(at, length);
  at += length;
  int critical = 0;
  const int no_flag = mbedtls_asn1_get_bool(&at, inner_end, &critical);
  if (no_flag != 0 && no_flag != MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) return false;
  if (mbedtls_asn1_get_tag(&at, inner_end, &length, MBEDTLS_ASN1_OCTET_STRING) != 0) return false;
  if (at + length != inner_end) return false;
  value = ByteView(at, length);
  at += length;
  return true;
}

}  // namespace

/// Moves what mbedTLS parsed into a Crl.
class CrlParser {
 public:
  static Result<Crl> parse(ByteView der, Reason on_error) {
    OwnedCrl crl;
    if (mbedtls_x509_crl_parse_der(&crl.value, der.data(), der.size()) != 0) {
      return Error(on_error, "not an X.509 revocation list");
    }
    // mbedTLS chains a second list behind the first, and keeps to `raw` of what it has read.
    if (crl.value.raw.len != der.size() || crl.value.next != nullptr) {
      return Error(on_error, "bytes after the revocation list");
    }
    if (!has_amd_signature_form(crl.value) || !has_one_algorithm(crl.value)) {
      return Error(on_error, "the list's signature is not RSASSA-PSS with SHA-384 and salt 48");
    }
    return take(crl.value, on_error);
  }

 private:
  static Result<Crl> take(const mbedtls_x509_crl& crl, Reason on_error) {
    Crl out;
    out.tbs_ = copy(crl.tbs);
    out.issuer_ = copy(crl.issuer_raw);
    for (const auto* part = &crl.issuer; part != nullptr; part = part->next) {
      if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) != 0) continue;
      out.issuer_cn_ = to_string(copy(part->val));
      break;  // the first one, as in a certificate
    }
    out.signature_ = copy(crl.MBEDTLS_PRIVATE(sig));
    const auto from = timestamp(crl.this_update);
    const auto to = timestamp(crl.next_update);
    if (!from) return Error(on_error, "thisUpdate is not a date that exists");
    if (!to) return Error(on_error, "nextUpdate is missing or not a date that exists");
    out.this_update_ = *from;
    out.next_update_ = *to;
    RATLS_CHECK(read_number(crl, out, on_error));
    for (const auto* entry = &crl.entry; entry != nullptr; entry = entry->next) {
      if (entry->serial.p != nullptr) {
        out.serials_.push_back(without_leading_zeros(copy(entry->serial)));
      }
    }
    return out;
  }

  static Result<void> read_number(const mbedtls_x509_crl& crl, Crl& out, Reason on_error) {
    unsigned char* at = crl.crl_ext.p;
    if (at == nullptr) return {};
    const unsigned char* const end = at + crl.crl_ext.len;
    std::size_t length = 0;
    if (mbedtls_asn1_get_tag(&at, end, &length, kSequence) != 0) {
      return Error(on_error, "the list's extensions are malformed");
    }
    constexpr std::array<std::uint8_t, 3> kNumber{0x55, 0x1d, 0x14};  // 2.5.29.20
    ByteView oid;
    ByteView value;
    while (at != end) {
      if (!next_extension(at, end, oid, value)) {
        return Error(on_error, "an extension of the list is malformed");
      }
      if (!std::equal(oid.begin(), oid.end(), kNumber.begin(), kNumber.end())) continue;
      if (out.number_) return Error(on_error, "the list has two numbers");
      out.number_ = crl_number(value);
      if (!out.number_) return Error(on_error, "the list's number is not one");
    }
    return {};
  }
};

Result<Crl> Crl::parse(ByteView der, Reason on_error) {
  if (der.empty()) return Error(on_error, "an empty revocation list");
  if (der.size() > kMaxSize) return Error(on_error, "a revocation list of more than 64 KiB");
  return CrlParser::parse(der, on_error);
}

bool Crl::lists(ByteView serial) const {
  return std::find(serials_.begin(), serials_.end(), without_leading_zeros(serial)) !=
         serials_.end();
}

std::strong_ordering compare_crl_numbers(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace ratls
