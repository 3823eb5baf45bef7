/// A parsed X.509 certificate revocation list: what stands in it, nothing believed.
#pragma once

#include <compare>
#include <optional>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/core/result.h>

namespace ratls {

/// One CRL (RFC 5280, section 5), parsed from DER by mbedTLS. Owns its bytes. Immutable: share
/// freely.
class Crl {
 public:
  /// Largest list that is read.
  static constexpr std::size_t kMaxSize = 65536;

  /// RFC 5280, 5.2.3: no number is longer.
  static constexpr std::size_t kMaxNumberSize = 20;

  /// Exactly one list; trailing bytes, an unknown critical extension, a number that is not one and
  /// a signature other than RSASSA-PSS with SHA-384 and a salt of 48 bytes (AMD's form) are
  /// refused. Errors: `on_error`.
  static Result<Crl> parse(ByteView der, Reason on_error);

  [[nodiscard]] ByteView tbs() const noexcept { return tbs_; }        ///< the signed bytes
  [[nodiscard]] ByteView issuer() const noexcept { return issuer_; }  ///< DER Name
  [[nodiscard]] const std::string& issuer_cn() const noexcept { return issuer_cn_; }
  [[nodiscard]] ByteView signature() const noexcept { return signature_; }
  [[nodiscard]] Timestamp this_update() const noexcept { return this_update_; }
  /// RFC 5280, 5.1.2.5 demands it; a list without one is refused.
  [[nodiscard]] Timestamp next_update() const noexcept { return next_update_; }
  /// The CRL number (RFC 5280, 5.2.3), which rises from list to list: big-endian without leading
  /// zeros, so that zero is empty; at most kMaxNumberSize bytes. Absent where the list has none.
  [[nodiscard]] const std::optional<Bytes>& number() const noexcept { return number_; }
  /// Is `serial` (big-endian; leading zeros do not matter) on the list?
  [[nodiscard]] bool lists(ByteView serial) const;
  /// All serials on the list, in its order: big-endian without leading zeros, so that zero is
  /// empty.
  [[nodiscard]] const std::vector<Bytes>& serials() const noexcept { return serials_; }

 private:
  Crl() = default;
  friend class CrlParser;

  Bytes tbs_;
  Bytes issuer_;
  std::string issuer_cn_;
  Bytes signature_;
  Timestamp this_update_;
  Timestamp next_update_;
  std::optional<Bytes> number_;
  std::vector<Bytes> serials_;
};

/// Which of two CRL numbers, as number() gives them, is the greater one.
std::strong_ordering compare_crl_numbers(ByteView a, ByteView b) noexcept;

}  // namespace ratls
