// One of the ALT hooks of mbedTLS 3.6; this folder has all of them. mbedTLS 4 has no such hooks:
// what replaces the folder then are PSA drivers, beside p256_driver.cpp.
#include <algorithm>
#include <array>
#include <cstdint>

#include <mbedtls/chachapoly.h>
#include <openssl/aead.h>
#include <openssl/mem.h>

#include <ratls/core/detail/self_test.h>

#include <ratls/core/detail/one_shot.h>

namespace {

using namespace ratls::provider;

// In parts: mbedTLS's own two halves (RFC 8439, 2.8).
enum ChaChaPolyState : int { kIdle, kAad, kText };

int pad16(mbedtls_poly1305_context& poly, std::uint64_t size) noexcept {
  constexpr std::array<Byte, 16> kZeros{};
  return mbedtls_poly1305_update(&poly, kZeros.data(), (16 - size % 16) % 16);
}

}  // namespace

extern "C" {

void mbedtls_chachapoly_init(mbedtls_chachapoly_context* ctx) {
  *ctx = mbedtls_chachapoly_context{};
  mbedtls_chacha20_init(&ctx->chacha20);
  mbedtls_poly1305_init(&ctx->poly1305);
}

void mbedtls_chachapoly_free(mbedtls_chachapoly_context* ctx) {
  if (ctx != nullptr) OPENSSL_cleanse(ctx, sizeof *ctx);
}

int mbedtls_chachapoly_setkey(mbedtls_chachapoly_context* ctx, const Byte key[32]) {
  static_cast<void>(ratls::provider::usable());  // the self-test comes first
  std::copy_n(key, sizeof ctx->key, ctx->key);
  return mbedtls_chacha20_setkey(&ctx->chacha20, key);
}

int mbedtls_chachapoly_starts(mbedtls_chachapoly_context* ctx, const Byte nonce[12],
                              mbedtls_chachapoly_mode_t mode) {
  std::array<Byte, 64> block{};
  int failed = mbedtls_chacha20_starts(&ctx->chacha20, nonce, 0);
  if (failed == 0) {
    failed = mbedtls_chacha20_update(&ctx->chacha20, block.size(), block.data(), block.data());
  }
  if (failed == 0) failed = mbedtls_poly1305_starts(&ctx->poly1305, block.data());
  OPENSSL_cleanse(block.data(), block.size());
  ctx->aad_size = ctx->text_size = 0;
  ctx->mode = mode;
  ctx->state = failed == 0 ? kAad : kIdle;
  return failed;
}

int mbedtls_chachapoly_update_aad(mbedtls_chachapoly_context* ctx, const Byte* aad,
                                  size_t aad_len) {
  if (ctx->state != kAad) return MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
  ctx->aad_size += aad_len;
  return mbedtls_poly1305_update(&ctx->poly1305, aad, aad_len);
}

int mbedtls_chachapoly_update(mbedtls_chachapoly_context* ctx, size_t len, const Byte* input,
                              Byte* output) {
  if (ctx->state == kIdle) return MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
  int failed = ctx->state == kAad ? pad16(ctx->poly1305, ctx->aad_size) : 0;
  ctx->state = kText;
  ctx->text_size += len;
  if (failed == 0 && ctx->mode == MBEDTLS_CHACHAPOLY_DECRYPT) {
    failed = mbedtls_poly1305_update(&ctx->poly1305, input, len);
  }
  if (failed == 0) failed = mbedtls_chacha20_update(&ctx->chacha20, len, input, output);
  if (failed == 0 && ctx->mode == MBEDTLS_CHACHAPOLY_ENCRYPT) {
    failed = mbedtls_poly1305_update(&ctx->poly1305, output, len);
  }
  return failed;
}

int mbedtls_chachapoly_finish(mbedtls_chachapoly_context* ctx, Byte mac[16]) {
  if (ctx->state == kIdle) return MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
  std::array<Byte, 16> sizes{};
  for (std::size_t i = 0; i < 8; ++i) {
    sizes[i] = static_cast<Byte>(ctx->aad_size >> (8 * i));
    sizes[8 + i] = static_cast<Byte>(ctx->text_size >> (8 * i));
  }
  int failed = pad16(ctx->poly1305, ctx->state == kAad ? ctx->aad_size : ctx->text_size);
  ctx->state = kIdle;
  if (failed == 0) failed = mbedtls_poly1305_update(&ctx->poly1305, sizes.data(), sizes.size());
  return failed != 0 ? failed : mbedtls_poly1305_finish(&ctx->poly1305, mac);
}

int mbedtls_chachapoly_encrypt_and_tag(mbedtls_chachapoly_context* ctx, size_t length,
                                       const Byte nonce[12], const Byte* aad, size_t aad_len,
                                       const Byte* input, Byte* output, Byte tag[16]) {
  const Message message{ctx->key, {nonce, kNonceSize}, {aad, aad_len}, {input, length}, output};
  return seal(EVP_aead_chacha20_poly1305(), message, tag, kTagSize)
             ? 0
             : MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
}

int mbedtls_chachapoly_auth_decrypt(mbedtls_chachapoly_context* ctx, size_t length,
                                    const Byte nonce[12], const Byte* aad, size_t aad_len,
                                    const Byte tag[16], const Byte* input, Byte* output) {
  const Message message{ctx->key, {nonce, kNonceSize}, {aad, aad_len}, {input, length}, output};
  return open(EVP_aead_chacha20_poly1305(), message, tag, kTagSize)
             ? 0
             : MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED;
}

}  // extern "C"
