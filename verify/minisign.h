/// Detached signatures in minisign's formats (https://jedisct1.github.io/minisign): made and
/// verified by either tool.
#pragma once

#include <string>

#include <ratls/core/ed25519.h>

namespace ratls {

/// How a signature names its key; chosen at random when the key is made.
using MinisignKeyId = FixedBytes<8, struct MinisignKeyIdTag>;

/// As minisign prints it: 16 hex digits.
std::string text(const MinisignKeyId& id);

/// A key that signatures are verified with. A value; share freely.
struct MinisignPublicKey {
  MinisignKeyId id;
  ed25519::PublicKey key;

  /// A public key file, or its second line alone ("RW..."). Errors: invalid_config.
  static Result<MinisignPublicKey> parse(ByteView file);
  /// The file, two lines.
  [[nodiscard]] std::string file() const;
};

/// Verifies `signature_file` over `message`, both forms: "ED" (over BLAKE2b-512 of the message) and
/// the older "Ed". Returns the trusted comment, plain ASCII: it is signed too, and says what the
/// signer wanted to say. Errors: policy_signature_invalid.
Result<std::string> minisign_verify(const MinisignPublicKey& key, ByteView message,
                                    ByteView signature_file);

/// A key that signs. Move-only; wiped when destroyed.
class MinisignSecretKey {
 public:
  /// Errors: internal.
  static Result<MinisignSecretKey> generate();
  /// A secret key file without a password. Errors: invalid_config; says so where it has one.
  static Result<MinisignSecretKey> parse(ByteView file);
  /// The file, two lines, without a password: mode 0600 is all that protects it.
  [[nodiscard]] Result<SecretBytes> file() const;

  [[nodiscard]] const MinisignPublicKey& public_key() const noexcept { return public_; }
  /// A signature file ("ED") over `message`. `trusted_comment` must be plain ASCII on one line.
  /// Errors: invalid_config.
  [[nodiscard]] Result<std::string> sign(ByteView message,
                                         const std::string& trusted_comment) const;

 private:
  MinisignSecretKey(MinisignPublicKey key, ed25519::SecretKey secret)
      : public_(std::move(key)), secret_(std::move(secret)) {}

  MinisignPublicKey public_;
  ed25519::SecretKey secret_;
};

}  // namespace ratls
