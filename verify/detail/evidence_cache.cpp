#include <ratls/verify/detail/evidence_cache.h>

#include <algorithm>

#include <ratls/core/crypto.h>

namespace ratls::detail {

namespace {

Sha256Digest digest_of(ByteView bytes) {
  return crypto::sha256({bytes});
}

// Where R of the signature begins (SNP ABI 1.58, table 23): bytes that nobody can choose.
constexpr std::size_t kSignatureOffset = 0x2A0;

bool same(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

std::size_t ShownEvidence::place_of(ByteView report) noexcept {
  return report.size() > kSignatureOffset ? report[kSignatureOffset] % kPlaces : 0;
}

std::shared_ptr<const Shown> ShownEvidence::find(ByteView report, ByteView endorsement_file,
                                                 const Sha256Digest& roots) {
  std::shared_ptr<const Shown> out;
  {
    const std::lock_guard lock(mutex_);
    out = places_.at(place_of(report));
  }
  const bool found = out != nullptr && out->roots == roots && same(out->report, report) &&
                     same(out->endorsement_file, endorsement_file);
  return found ? out : nullptr;
}

void ShownEvidence::insert(std::shared_ptr<const Shown> shown) {
  const std::size_t place = place_of(shown->report);
  const std::lock_guard lock(mutex_);
  places_.at(place).swap(shown);  // the old one ends outside the lock
}

// All parts but the last have a fixed size, so no two inputs run together into one.
Sha256Digest endorsement_key(const RootOfTrust& roots, ByteView file) {
  return crypto::sha256({as_bytes("endorsement"), roots.digest().view(), file});
}

Sha256Digest signature_key(const Sha256Digest& endorsement_key, ByteView report) {
  return crypto::sha256({as_bytes("report"), endorsement_key.view(), report});
}

Sha256Digest crl_key(const TrustedIssuer& issuer, ByteView crl) {
  const Sha256Digest modulus = digest_of(issuer.ark_modulus);
  const Sha256Digest exponent = digest_of(issuer.ark_exponent);
  const Sha256Digest name = digest_of(issuer.ark_name);
  return crypto::sha256({as_bytes("crl"), modulus.view(), exponent.view(), name.view(), crl});
}

}  // namespace ratls::detail
