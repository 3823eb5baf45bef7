#include <algorithm>

#include <ratls/core/crl.h>
#include <ratls/core/crypto.h>
#include <ratls/verify/snp/detail/endorsing.h>

namespace ratls::snp::detail {

namespace {

constexpr std::int64_t kSecondsAnHour = 3600;

// AMD 57230: the ARK signs the lists of both its intermediates.
Result<void> check_genuine(const Crl& crl, const TrustedIssuer& issuer) {
  const std::string ark = "ARK-" + std::string(amd_name(issuer.line));
  const bool named = issuer.ark_name.empty()
                         ? crl.issuer_cn() == ark
                         : std::equal(issuer.ark_name.begin(), issuer.ark_name.end(),
                                      crl.issuer().begin(), crl.issuer().end());
  if (!named) return Error(Reason::crl_invalid, "its issuer is not " + ark);
  const auto verified = crypto::verify_rsa_pss_sha384({issuer.ark_modulus, issuer.ark_exponent},
                                                      crl.tbs(), crl.signature());
  if (verified) return {};
  return Error(Reason::crl_invalid, "not signed by " + ark);
}

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

Result<void> check_current(const Crl& crl, Timestamp now, std::optional<std::uint32_t> max_hours) {
  if (now < crl.this_update()) {
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

}  // namespace

Result<std::string> check_revocation(ByteView crl_der, const TrustedIssuer& issuer,
                                     const Revocation& rule, const Clock& clock) {
  const bool required = rule.max_age_hours().has_value();
  if (crl_der.empty()) {
    if (required) return Error(Reason::crl_missing);
    return std::string("no list at hand; the policy accepts that");
  }
  const auto now = clock.now();
  if (!now) return Error(Reason::no_time);
  RATLS_TRY(const Crl crl, Crl::parse(crl_der, Reason::crl_invalid));
  RATLS_CHECK(check_genuine(crl, issuer));
  RATLS_CHECK(check_serials(crl, issuer));
  const auto current = check_current(crl, *now, rule.max_age_hours());
  const std::string date = "list of " + to_rfc3339(crl.this_update());
  if (current) return date;
  // An outdated list that names nobody says as little as none, which this policy accepts.
  if (!required) return date + ", outdated; the policy accepts that";
  return current.error();
}

}  // namespace ratls::snp::detail
