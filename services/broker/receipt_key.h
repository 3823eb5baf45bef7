/// The key that signs receipts, and its public half, which whoever checks them needs.
#pragma once

#include <string>

#include <ratls/core/ed25519.h>
#include <ratls/core/result.h>

namespace ratls::broker {

/// Move-only; wiped when destroyed. Threads: const functions may run at once.
class ReceiptKey {
 public:
  /// Reads `path`: 128 hex digits (seed and public key), which only their owner may read. Makes it
  /// where it does not exist. Its public half lies beside it, `path` + ".pub", and is written anew
  /// where it is missing or another.
  /// Errors: invalid_config (mode, contents), io_error.
  static Result<ReceiptKey> open(const std::string& path);

  [[nodiscard]] const ed25519::PublicKey& public_key() const noexcept { return public_; }
  [[nodiscard]] ed25519::Signature sign(ByteView message) const noexcept {
    return ed25519::sign(secret_, message);
  }

 private:
  ReceiptKey(ed25519::PublicKey key, ed25519::SecretKey secret)
      : public_(key), secret_(std::move(secret)) {}

  ed25519::PublicKey public_;
  ed25519::SecretKey secret_;
};

/// "-----BEGIN PUBLIC KEY-----..." (RFC 8410), as openssl reads it.
std::string to_pem(const ed25519::PublicKey& key);
/// Errors: invalid_config.
Result<ed25519::PublicKey> parse_public_key_pem(ByteView file);

}  // namespace ratls::broker
