/// An ephemeral TLS signing key that cannot be exported.
#pragma once

#include <cstdint>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls {

/// SHA-384 of a DER SubjectPublicKeyInfo: how a TLS key is named in claims and binders.
using SpkiHash = FixedBytes<48, struct SpkiHashTag>;

/// The SpkiHash of `spki`, or of the empty string for an endpoint without a certificate.
SpkiHash hash_spki(ByteView spki) noexcept;

/// A P-256 key pair held as a PSA handle with usage "sign" only: its bytes never leave the
/// provider. Destroyed with this object. Move-only.
/// Threads: sign() may be called from one thread at a time.
class SigningKey {
 public:
  /// A fresh key from the CSPRNG. Errors: internal (no memory, no key slot).
  static Result<SigningKey> generate();

  /// A fresh key as PEM (SEC 1, "EC PRIVATE KEY"), for a server that keeps its key on disk.
  /// Errors: internal.
  static Result<SecretBytes> generate_pem();

  /// The P-256 key in `pem`. Errors: invalid_config where it is anything else.
  static Result<SigningKey> import_pem(const SecretBytes& pem);

  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&& other) noexcept;
  ~SigningKey();

  /// DER SubjectPublicKeyInfo (91 bytes), as it stands in a certificate.
  [[nodiscard]] ByteView spki() const noexcept { return spki_; }

  /// ECDSA-SHA256 over `message`; the signature is DER (RFC 3279, 2.2.3), randomised.
  [[nodiscard]] Result<Bytes> sign_sha256(ByteView message) const;
  /// The same with SHA-384, of which P-256 takes the first 32 bytes (FIPS 186-5, 6.4.1).
  [[nodiscard]] Result<Bytes> sign_sha384(ByteView message) const;

  /// The PSA key id, for a TLS stack that signs by handle. Borrowed: the key stays this object's.
  [[nodiscard]] std::uint32_t psa_key_id() const noexcept { return id_; }

 private:
  SigningKey(std::uint32_t id, Bytes spki) noexcept;
  // Takes over the PSA key `id`.
  static Result<SigningKey> adopt(std::uint32_t id);
  [[nodiscard]] Result<Bytes> sign(std::uint32_t psa_algorithm, ByteView message) const;

  std::uint32_t id_ = 0;
  Bytes spki_;
};

}  // namespace ratls
