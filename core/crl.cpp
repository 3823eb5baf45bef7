#include <ratls/core/crl.h>

#include <algorithm>
#include <cstring>

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
    for (const auto* entry = &crl.entry; entry != nullptr; entry = entry->next) {
      if (entry->serial.p != nullptr) {
        out.serials_.push_back(without_leading_zeros(copy(entry->serial)));
      }
    }
    return out;
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

}  // namespace ratls
