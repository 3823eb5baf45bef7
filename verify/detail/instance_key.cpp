#include <ratls/verify/detail/instance_key.h>

#include <algorithm>

#include <ratls/core/base64.h>
#include <ratls/core/claims.h>
#include <ratls/core/crypto.h>
#include <ratls/core/ecdsa.h>
#include <ratls/verify/snp/detail/checks.h>

namespace ratls::detail {

namespace {

constexpr std::string_view kId = "instance_key";

using snp::detail::failed;
using snp::detail::passed;

std::string pin_text(const Sha256Digest& digest) {
  return "sha256//" + to_base64(digest.view());
}

std::string wanted(const InstanceRule& rule) {
  std::string out;
  if (!rule.pins.empty()) out = "one of " + std::to_string(rule.pins.size()) + " pinned keys";
  if (!rule.issuers.empty()) {
    out += (out.empty() ? "" : ", or ") + std::string("one issued by one of ") +
           std::to_string(rule.issuers.size()) + " keys";
  }
  return out;
}

Result<Certificate> read_claim(const IdentityClaim& claim, ByteView claims_cbor) {
  constexpr Reason kWhy = Reason::instance_key_invalid;
  RATLS_TRY(auto certificate, Certificate::parse(claim.certificate, kWhy));
  RATLS_TRY(const Bytes message, identity_message(claims_cbor));
  RATLS_CHECK(verify_ecdsa(certificate.spki(), EcdsaHash::sha384, message, claim.signature, kWhy));
  return certificate;
}

// What no signature can vouch for: the moment of judging.
Check check_dates(const InstanceState& shown, const std::string& want) {
  const Certificate& certificate = *shown.certificate;
  if (!shown.now) return failed(kId, Reason::no_time, "no time", want);
  const std::int64_t now = shown.now->unix_seconds;
  const std::string got = to_rfc3339(certificate.not_before()) + " to " +
                          to_rfc3339(certificate.not_after()) + ", now " + to_rfc3339(*shown.now);
  const std::int64_t begins =
      certificate.not_before().unix_seconds - std::int64_t{shown.max_skew_seconds};
  if (now < begins || now > certificate.not_after().unix_seconds) {
    return failed(kId, Reason::instance_key_expired, got, want);
  }
  return passed(kId, pin_text(shown.spki_sha256) + ", issued by an accepted key", want);
}

bool issued_by(const Certificate& certificate, const std::vector<Bytes>& issuers) {
  return std::any_of(issuers.begin(), issuers.end(), [&](const Bytes& issuer) {
    return check_signed_by(certificate, issuer, Reason::instance_key_not_allowed).has_value();
  });
}

}  // namespace

bool wants_instance(const PolicyData& policy) noexcept {
  return std::any_of(policy.accept.begin(), policy.accept.end(),
                     [](const GuestRule& rule) { return rule.instance.has_value(); });
}

InstanceState read_instance(ByteView claims_cbor, const ClockRule& rule, const Clock& clock) {
  InstanceState out;
  out.now = clock.now();
  out.max_skew_seconds = rule.max_skew_seconds;
  const auto claims = Claims::decode(claims_cbor);
  if (!claims || !claims->identity) return out;
  auto read = read_claim(*claims->identity, claims_cbor);
  if (read) {
    out.spki_sha256 = crypto::sha256({read->spki()});
    out.certificate = std::move(read).value();
  } else {
    out.fault = std::move(read).error();
  }
  return out;
}

Check check_instance_key(const EvidenceState& state, const GuestRule& rule) {
  const std::string want = wanted(*rule.instance);
  const InstanceState* shown = state.instance.get();
  if (shown != nullptr && shown->fault) {
    return failed(kId, shown->fault->reason(), shown->fault->detail(), want);
  }
  if (shown == nullptr || !shown->certificate) {
    return failed(kId, Reason::instance_key_missing, "no identity claim", want);
  }
  const auto& pins = rule.instance->pins;
  const std::string pin = pin_text(shown->spki_sha256);
  if (std::find(pins.begin(), pins.end(), shown->spki_sha256) != pins.end()) {
    return passed(kId, pin + ", pinned", want);
  }
  if (!issued_by(*shown->certificate, rule.instance->issuers)) {
    return failed(kId, Reason::instance_key_not_allowed, pin, want);
  }
  return check_dates(*shown, want);
}

}  // namespace ratls::detail
