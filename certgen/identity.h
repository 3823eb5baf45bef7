/// Who this side is in a TLS configuration: attested, or the holder of a pinned certificate.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <ratls/certgen/attester.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/signing_key.h>

namespace ratls {

/// A side that proves itself by evidence. Every connection has a SigningKey of its own; this
/// identity only vouches for it. Cheap to copy; the copies share one Attester.
/// Threads: share freely.
class AttestedIdentity {
 public:
  /// `attester` must not be null, and must have been started.
  explicit AttestedIdentity(std::shared_ptr<Attester> attester) noexcept
      : attester_(std::move(attester)) {}

  /// Asks for evidence over a connection's key and binder; see EvidenceQueue::submit().
  [[nodiscard]] PendingEvidence begin(Role role, Level level, const std::optional<Binder>& binder,
                                      const SpkiHash& spki_hash) const {
    return attester_->begin(EvidenceRequest{role, level, binder, spki_hash});
  }

  [[nodiscard]] std::string_view source_name() const noexcept { return attester_->source_name(); }
  [[nodiscard]] bool simulated() const noexcept { return attester_->simulated(); }
  /// Does it speak through the same Attester?
  [[nodiscard]] bool same_as(const AttestedIdentity& other) const noexcept {
    return attester_ == other.attester_;
  }

 private:
  std::shared_ptr<Attester> attester_;
};

/// A side that is known by its key: a broker that guests pin. Key and certificate live in one PEM
/// file of mode 0600. Its certificate may carry evidence over that key (level 0, `ratls cert new`),
/// which peers accept only where they were told to. Move-only; owns the key.
/// Threads: as SigningKey.
class CertificateIdentity {
 public:
  /// Makes a P-256 key and a self-signed certificate and writes both to `path`, which must not
  /// exist: a key that guests pin is never overwritten. The file appears whole or not at all, and
  /// is on disk when this returns. Errors: invalid_config (exists), io_error, internal.
  static Result<CertificateIdentity> create(const std::string& path);

  /// Reads such a file. Errors: io_error (missing, unreadable); invalid_config (readable by
  /// others, too large, not a key and its certificate).
  static Result<CertificateIdentity> load(const std::string& path);

  /// The same from two files, as `ratls cert new` writes them: `key_path` holds the key (a
  /// certificate behind it is not looked at), `certificate_path` one certificate, PEM or DER, which
  /// may be readable by all. Both are read at once: a pair that is being replaced and does not fit
  /// is an error, and a later call finds the new one. Errors: as load().
  static Result<CertificateIdentity> load_pair(const std::string& key_path,
                                               const std::string& certificate_path);

  [[nodiscard]] const SigningKey& key() const noexcept { return key_; }
  [[nodiscard]] ByteView certificate() const noexcept { return certificate_; }  ///< DER
  /// SHA-256 of the SubjectPublicKeyInfo.
  [[nodiscard]] Sha256Digest spki_sha256() const noexcept;
  /// What guests pin, "sha256//" and base64: the form of curl's --pinnedpubkey.
  [[nodiscard]] std::string pin() const;

 private:
  CertificateIdentity(SigningKey key, Bytes certificate) noexcept
      : key_(std::move(key)), certificate_(std::move(certificate)) {}

  SigningKey key_;
  Bytes certificate_;
};

}  // namespace ratls
