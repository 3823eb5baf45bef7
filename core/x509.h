/// A parsed X.509 certificate: what stands in it, nothing believed.
#pragma once

#include <string>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/core/result.h>

namespace ratls {

/// One certificate, parsed strictly from DER by mbedTLS. Owns its bytes. Immutable: share freely.
class Certificate {
 public:
  struct Extension {
    std::string oid;  ///< dotted
    bool critical = false;
    Bytes value;  ///< the contents of extnValue
  };
  enum class SignatureAlgorithm : std::uint8_t {
    ecdsa_sha256,
    ecdsa_sha384,
    rsa_pss_sha384,
    other
  };
  enum class KeyKind : std::uint8_t { p256, p384, rsa, other };

  /// Largest certificate that is judged.
  static constexpr std::size_t kMaxSize = 8192;
  /// Largest certificate that is looked at: those of other protocols carry whole quotes and logs.
  static constexpr std::size_t kMaxForeignSize = 65536;

  /// At most `limit` bytes; trailing bytes are refused. Duplicate extensions are kept, in order,
  /// for the caller to refuse. Errors: `on_error`, with the cause.
  static Result<Certificate> parse(ByteView der, Reason on_error, std::size_t limit = kMaxSize);

  /// Reads DER, or PEM holding exactly one CERTIFICATE. Errors: `on_error`.
  static Result<Certificate> parse_der_or_pem(ByteView file, Reason on_error);

  [[nodiscard]] ByteView der() const noexcept { return der_; }
  [[nodiscard]] ByteView tbs() const noexcept { return tbs_; }     ///< the signed bytes
  [[nodiscard]] int version() const noexcept { return version_; }  ///< 3 for v3
  [[nodiscard]] ByteView serial() const noexcept { return serial_; }
  [[nodiscard]] ByteView issuer() const noexcept { return issuer_; }    ///< DER Name
  [[nodiscard]] ByteView subject() const noexcept { return subject_; }  ///< DER Name
  [[nodiscard]] const std::string& issuer_cn() const noexcept { return issuer_cn_; }
  [[nodiscard]] const std::string& subject_cn() const noexcept { return subject_cn_; }
  [[nodiscard]] Timestamp not_before() const noexcept { return not_before_; }
  [[nodiscard]] Timestamp not_after() const noexcept { return not_after_; }
  [[nodiscard]] ByteView spki() const noexcept { return spki_; }  ///< DER SubjectPublicKeyInfo
  [[nodiscard]] KeyKind key_kind() const noexcept { return key_kind_; }
  /// The uncompressed point of an EC key (65 or 97 bytes); empty for others.
  [[nodiscard]] ByteView ec_point() const noexcept { return ec_point_; }
  [[nodiscard]] SignatureAlgorithm signature_algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] ByteView signature() const noexcept { return signature_; }
  [[nodiscard]] bool is_ca() const noexcept { return is_ca_; }
  /// Every extension, also those that mbedTLS knows, in order of appearance.
  [[nodiscard]] const std::vector<Extension>& extensions() const noexcept { return extensions_; }

 private:
  Certificate() = default;
  friend class CertificateParser;

  Bytes der_;
  Bytes tbs_;
  int version_ = 0;
  Bytes serial_;
  Bytes issuer_;
  Bytes subject_;
  std::string issuer_cn_;
  std::string subject_cn_;
  Timestamp not_before_;
  Timestamp not_after_;
  Bytes spki_;
  KeyKind key_kind_ = KeyKind::other;
  Bytes ec_point_;
  SignatureAlgorithm algorithm_ = SignatureAlgorithm::other;
  Bytes signature_;
  bool is_ca_ = false;
  std::vector<Extension> extensions_;
};

/// The key in `issuer_spki` signed it: ECDSA over P-256 or P-384, the signature in strict DER.
/// Names and dates are not looked at. Errors: `on_error`, also for another kind of key or
/// signature; out_of_memory, internal.
Result<void> check_signed_by(const Certificate& certificate, ByteView issuer_spki, Reason on_error);

/// The certificate's own key signed it: ECDSA over P-256 or P-384, the signature in strict DER.
/// Errors: `on_error`, also for another kind of key or signature; internal.
Result<void> check_self_signature(const Certificate& certificate, Reason on_error);

/// The numbers of an RSA public key, big-endian, without leading zeros.
struct RsaNumbers {
  Bytes modulus;
  Bytes exponent;
};

/// Reads a DER SubjectPublicKeyInfo that holds an RSA key of 2048 to 4096 bits.
/// Errors: `on_error`.
Result<RsaNumbers> parse_rsa_spki(ByteView der, Reason on_error);

}  // namespace ratls
