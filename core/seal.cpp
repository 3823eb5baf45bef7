#include <ratls/core/seal.h>

#include <sodium.h>

#include <ratls/core/crypto.h>

namespace ratls::seal {

namespace {

constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kKeySize == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kOverhead == kNonceSize + kTagSize);

}  // namespace

Key generate_key() noexcept {
  Key out;
  out.fill([](auto key) { crypto::random(key); });
  return out;
}

Bytes seal(const Key& key, ByteView value, ByteView associated) {
  Bytes out(value.size() + kOverhead);
  const auto nonce = std::span(out).first(kNonceSize);
  const auto sealed = std::span(out).subspan(kNonceSize);
  crypto::random(nonce);
  key.expose([&](ByteView secret) {
    static_cast<void>(crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed.data(), nullptr, value.data(), value.size(), associated.data(), associated.size(),
        nullptr, nonce.data(), secret.data()));
  });
  return out;
}

Bytes seal(const Key& key, const SecretBytes& value, ByteView associated) {
  return value.expose([&](ByteView plain) { return seal(key, plain, associated); });
}

Result<std::size_t> open_into(const Key& key, ByteView sealed, ByteView associated,
                              std::span<std::uint8_t> out, Reason on_error) {
  if (sealed.size() < kOverhead) return Error(on_error, "shorter than any sealed value");
  const ByteView nonce = sealed.first(kNonceSize);
  const ByteView body = sealed.subspan(kNonceSize);
  const std::size_t size = body.size() - kTagSize;
  if (size > out.size()) return Error(on_error, "longer than such a value is");
  const bool held = key.expose([&](ByteView secret) {
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               out.data(), nullptr, nullptr, body.data(), body.size(), associated.data(),
               associated.size(), nonce.data(), secret.data()) == 0;
  });
  if (held) return size;
  wipe(out);
  return Error(on_error, "the seal does not hold");
}

Result<SecretBytes> open(const Key& key, ByteView sealed, ByteView associated, Reason on_error) {
  Bytes plain(sealed.size() < kOverhead ? 0 : sealed.size() - kOverhead);
  RATLS_CHECK(open_into(key, sealed, associated, plain, on_error));
  return SecretBytes::take(std::move(plain));
}

}  // namespace ratls::seal
