/// The key that signs simulated reports: a VCEK's or a VLEK's.
#pragma once

#include <memory>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::sim {

namespace detail {
class PsaKey;
}

/// A P-384 key pair, derived as in the real part: the same seed and context give the same key.
/// Move-only. Threads: one at a time.
class AttestationKey {
 public:
  /// Errors: internal.
  static Result<AttestationKey> derive(const SecretBytes& seed, ByteView context);

  AttestationKey(const AttestationKey&) = delete;
  AttestationKey& operator=(const AttestationKey&) = delete;
  AttestationKey(AttestationKey&&) noexcept;
  AttestationKey& operator=(AttestationKey&&) noexcept;
  ~AttestationKey();

  [[nodiscard]] const Bytes& point() const noexcept { return point_; }  ///< 97 bytes, uncompressed
  [[nodiscard]] const Bytes& spki() const noexcept { return spki_; }    ///< DER

  /// ECDSA with SHA-384: R then S, 48 bytes each, big-endian. Randomised. Errors: internal.
  [[nodiscard]] Result<Bytes> sign_sha384(ByteView message) const;

 private:
  AttestationKey(std::unique_ptr<detail::PsaKey> key, Bytes point);

  std::unique_ptr<detail::PsaKey> key_;
  Bytes point_;
  Bytes spki_;
};

}  // namespace ratls::sim
