/// Whom a verifier believes in the end.
#pragma once

#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/verify/snp/types.h>

namespace ratls {

/// The public keys of one software AMD secure processor, as DER SubjectPublicKeyInfo (RSA of 2048
/// to 4096 bits). Whoever holds the private keys can make evidence of any guest.
struct SimulatorRoot {
  snp::ProductLine line = snp::ProductLine::milan;
  Bytes ark;   ///< signs revocation lists
  Bytes ask;   ///< signs VCEKs
  Bytes asvk;  ///< signs VLEKs
};

/// One key that may sign endorsement certificates, and the one above it.
struct TrustedIssuer {
  snp::ProductLine line = snp::ProductLine::milan;
  snp::SigningKeyKind signs = snp::SigningKeyKind::vcek;
  Bytes modulus;
  Bytes exponent;
  Bytes name;    ///< DER Name; empty for a simulator, where only the common name is compared
  Bytes serial;  ///< big-endian: what a revocation list would name
  Bytes ark_modulus;
  Bytes ark_exponent;
  Bytes ark_name;  ///< as `name`
  Bytes ark_serial;
  bool simulated = false;
};

/// Names the ARK above `issuer`: SHA-256 of its modulus.
Sha256Digest id_of_ark(const TrustedIssuer& issuer) noexcept;

/// AMD's keys for Milan, Genoa (also Bergamo and Siena) and Turin, which are pinned in this
/// library, and simulator keys only where a policy names them. Certificates of the chain are never
/// taken from the peer.
/// Threads: immutable, share freely.
class RootOfTrust {
 public:
  /// AMD's pinned keys, nothing else.
  static RootOfTrust amd();

  /// AMD's pinned keys, and simulators: every verdict over one of those says `simulated`.
  /// Errors: invalid_policy where a key is not RSA of 2048 to 4096 bits.
  static Result<RootOfTrust> amd_and_simulators(const std::vector<SimulatorRoot>& simulators);

  /// The keys that may have signed such a certificate, AMD's first.
  [[nodiscard]] std::vector<const TrustedIssuer*> issuers(snp::ProductLine line,
                                                          snp::SigningKeyKind kind) const;

  [[nodiscard]] bool has_simulators() const noexcept { return has_simulators_; }

  /// Names this set of keys: two with the same digest believe the same.
  [[nodiscard]] const Sha256Digest& digest() const noexcept { return digest_; }

 private:
  RootOfTrust() = default;

  std::vector<TrustedIssuer> issuers_;
  bool has_simulators_ = false;
  Sha256Digest digest_;
};

}  // namespace ratls
