#include <ratls/verify/detail/revocation.h>

#include <algorithm>

#include <ratls/core/crl.h>
#include <ratls/core/crypto.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/detail/evidence_cache.h>
#include <ratls/verify/snp/bulletins.h>
#include <ratls/verify/snp/detail/endorsing.h>

namespace ratls::detail {

namespace {

constexpr std::int64_t kSecondsAnHour = 3600;
constexpr std::int64_t kSecondsADay = 86400;

using GenuineCrl = std::shared_ptr<const Crl>;

// Only the intermediates can be on a list: all VCEKs have serial 0, so an entry of 0 says nothing
// about this one.
Result<void> check_serials(const Crl& crl, const TrustedIssuer& issuer) {
  if (crl.lists(issuer.serial)) {
    return Error(Reason::revoked, "the issuing key, serial 0x" + to_hex(issuer.serial));
  }
  if (crl.lists(issuer.ark_serial)) {
    return Error(Reason::revoked, "the root key, serial 0x" + to_hex(issuer.ark_serial));
  }
  return {};
}

Result<void> check_current(const Crl& crl, Timestamp now, std::optional<std::uint32_t> max_hours,
                           std::uint32_t max_skew_seconds) {
  if (now.unix_seconds + max_skew_seconds < crl.this_update().unix_seconds) {
    return Error(Reason::crl_stale, "its date " + to_rfc3339(crl.this_update()) +
                                        " lies ahead of the clock, " + to_rfc3339(now));
  }
  if (now >= crl.next_update()) {
    return Error(Reason::crl_stale, "its successor was due " + to_rfc3339(crl.next_update()));
  }
  const std::int64_t age = (now.unix_seconds - crl.this_update().unix_seconds) / kSecondsAnHour;
  if (!max_hours || now.unix_seconds - crl.this_update().unix_seconds <=
                        static_cast<std::int64_t>(*max_hours) * kSecondsAnHour) {
    return {};
  }
  return Error(Reason::crl_stale,
               std::to_string(age) + " hours old; the policy allows " + std::to_string(*max_hours));
}

// A list that verified once under this key is taken as it was read then.
Result<GenuineCrl> read_genuine(ByteView der, const TrustedIssuer& issuer, EvidenceCache* cache) {
  Sha256Digest key;
  if (cache != nullptr) {
    key = crl_key(issuer, der);
    if (auto known = cache->crls.find(key)) return known;
  }
  RATLS_TRY(Crl crl, Crl::parse(der, Reason::crl_invalid));
  RATLS_CHECK(snp::detail::check_list_genuine(crl, issuer));
  auto out = std::make_shared<const Crl>(std::move(crl));
  if (cache != nullptr) cache->crls.insert(key, out);
  return out;
}

CrlQuery query_of(const TrustedIssuer& issuer) {
  return {issuer.line, issuer.signs, id_of_ark(issuer)};
}

// Somebody else may write to that store: what does not verify is as good as absent.
GenuineCrl at_hand(const TrustedIssuer& issuer, const Aids& aids) {
  if (aids.collateral == nullptr) return nullptr;
  const auto der = aids.collateral->crl(query_of(issuer));
  if (!der) return nullptr;
  auto list = read_genuine(*der, issuer, aids.cache);
  return list ? *std::move(list) : nullptr;
}

struct Lists {
  GenuineCrl newer;
  GenuineCrl older;
};

Result<Lists> gather(ByteView stapled, const TrustedIssuer& issuer, const Aids& aids) {
  Lists out{nullptr, at_hand(issuer, aids)};
  if (!stapled.empty()) {
    RATLS_TRY(out.newer, read_genuine(stapled, issuer, aids.cache));
  }
  const bool swap = out.newer == nullptr ||
                    (out.older != nullptr && out.newer->this_update() < out.older->this_update());
  if (swap) std::swap(out.newer, out.older);
  return out;
}

Error wanted(const Error& error, const TrustedIssuer& issuer, const Aids& aids) {
  if (aids.collateral != nullptr) aids.collateral->wanted(query_of(issuer));
  return error;
}

}  // namespace

std::string clock_hint(Timestamp begins, Timestamp now, std::string_view what) {
  const std::int64_t early = begins.unix_seconds - now.unix_seconds;
  if (early <= 0) return {};
  const std::string before = " before " + std::string(what);
  if (early <= ClockRule::kMaxSkewSeconds) {
    return "clock skew suspected: the clock is " + std::to_string(early) + " s" + before +
           "; set it by NTP, or allow as much with clock.max_skew_seconds in the policy";
  }
  const auto made = parse_rfc3339(std::string(snp::kBulletinsAsOf) + "T00:00:00Z");
  return "the clock is " + std::to_string(early / kSecondsADay + 1) + " days" + before +
         (made && now < *made ? " and before this release was made" : "") + "; is it set right?";
}

Result<std::string> check_revocation(ByteView stapled, const TrustedIssuer& issuer,
                                     const Revocation& rule, const Clock& clock, const Aids& aids,
                                     std::string& hint) {
  const bool required = rule.max_age_hours().has_value();
  RATLS_TRY(const Lists lists, gather(stapled, issuer, aids));
  if (lists.newer == nullptr) {
    if (required) return wanted(Error(Reason::crl_missing), issuer, aids);
    return std::string("no list at hand; the policy accepts that");
  }
  const auto now = clock.now();
  if (!now) return Error(Reason::no_time);
  RATLS_CHECK(check_serials(*lists.newer, issuer));
  if (lists.older != nullptr) {
    RATLS_CHECK(check_serials(*lists.older, issuer));
  }
  const auto current =
      check_current(*lists.newer, *now, rule.max_age_hours(), aids.max_skew_seconds);
  const std::string date = "list of " + to_rfc3339(lists.newer->this_update());
  if (current) return date;
  // An outdated list that names nobody says as little as none, which this policy accepts.
  if (!required) return date + ", outdated; the policy accepts that";
  hint = clock_hint(lists.newer->this_update(), *now, "the revocation list");
  return wanted(current.error(), issuer, aids);
}

}  // namespace ratls::detail

namespace ratls::snp::detail {

// AMD 57230: the ARK signs the lists of both its intermediates.
Result<void> check_list_genuine(const Crl& crl, const TrustedIssuer& issuer) {
  const std::string ark = "ARK-" + std::string(amd_name(issuer.line));
  const bool named = issuer.ark_name.empty()
                         ? crl.issuer_cn() == ark
                         : std::equal(issuer.ark_name.begin(), issuer.ark_name.end(),
                                      crl.issuer().begin(), crl.issuer().end());
  if (!named) return Error(Reason::crl_invalid, "its issuer is not " + ark);
  const auto verified = crypto::verify_rsa_pss_sha384({issuer.ark_modulus, issuer.ark_exponent},
                                                      crl.tbs(), crl.signature());
  if (verified) return {};
  if (verified.error().reason() == Reason::out_of_memory) return verified.error();
  return Error(Reason::crl_invalid, "not signed by " + ark);
}

}  // namespace ratls::snp::detail
