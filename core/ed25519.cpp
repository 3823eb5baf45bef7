#include <ratls/core/ed25519.h>

#include <sodium.h>

namespace ratls::ed25519 {

Result<void> verify(const PublicKey& key, ByteView message, const Signature& signature,
                    Reason on_error) {
  const int held = crypto_sign_verify_detached(signature.view().data(), message.data(),
                                               message.size(), key.view().data());
  if (held == 0) return {};
  return Error(on_error, "the signature does not verify");
}

Result<KeyPair> generate() {
  if (sodium_init() < 0) return Error(Reason::internal, "libsodium did not initialise");
  KeyPair out;
  out.secret_key.fill([&](auto secret) {
    static_cast<void>(crypto_sign_keypair(out.public_key.mutable_view().data(), secret.data()));
  });
  return out;
}

Signature sign(const SecretKey& key, ByteView message) noexcept {
  Signature out;
  key.expose([&](ByteView secret) {
    static_cast<void>(crypto_sign_detached(out.mutable_view().data(), nullptr, message.data(),
                                           message.size(), secret.data()));
  });
  return out;
}

Blake2b512 blake2b_512(ByteView message) noexcept {
  Blake2b512 out;
  static_cast<void>(crypto_generichash(out.mutable_view().data(), Blake2b512::kSize, message.data(),
                                       message.size(), nullptr, 0));
  return out;
}

Blake2b256 blake2b_256(ByteView message) noexcept {
  Blake2b256 out;
  static_cast<void>(crypto_generichash(out.mutable_view().data(), Blake2b256::kSize, message.data(),
                                       message.size(), nullptr, 0));
  return out;
}

}  // namespace ratls::ed25519
