/// The RSA-4096 key of a simulated ARK, ASK or ASVK.
#pragma once

#include <ratls/certgen/sim/detail/psa_key.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::sim::detail {

/// Move-only. Threads: one at a time.
class RsaKey {
 public:
  /// A fresh key with e = 65537; takes seconds. Errors: internal.
  static Result<RsaKey> generate();
  /// From RSAPrivateKey DER (RFC 8017, A.1.2). Errors: invalid_config.
  static Result<RsaKey> import(const SecretBytes& der);

  [[nodiscard]] Result<SecretBytes> export_der() const;
  [[nodiscard]] const Bytes& spki() const noexcept { return spki_; }  ///< DER
  /// RSASSA-PSS, SHA-384, MGF1-SHA-384, salt of 48 bytes; 512 bytes.
  [[nodiscard]] Result<Bytes> sign_pss_sha384(ByteView message) const;

 private:
  RsaKey(PsaKey key, Bytes spki) : key_(std::move(key)), spki_(std::move(spki)) {}
  static Result<RsaKey> adopt(PsaKey key);

  PsaKey key_;
  Bytes spki_;
};

}  // namespace ratls::sim::detail
