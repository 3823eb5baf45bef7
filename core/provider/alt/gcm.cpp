// One of the ALT hooks of mbedTLS 3.6; this folder has all of them. mbedTLS 4 has no such hooks:
// what replaces the folder then are PSA drivers, beside p256_driver.cpp.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <mbedtls/gcm.h>
#include <openssl/aead.h>
#include <openssl/cipher.h>
#include <openssl/err.h>
#include <openssl/mem.h>

#include <ratls/core/detail/self_test.h>

#include <ratls/core/detail/one_shot.h>

namespace {

using namespace ratls::provider;

const EVP_AEAD* gcm_aead(std::size_t key_size) noexcept {
  if (key_size == 16) return EVP_aead_aes_128_gcm();
  return key_size == 24 ? EVP_aead_aes_192_gcm() : EVP_aead_aes_256_gcm();
}

const EVP_CIPHER* gcm_cipher(std::size_t key_size) noexcept {
  if (key_size == 16) return EVP_aes_128_gcm();
  return key_size == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

bool valid_tag_size(std::size_t size) noexcept {  // NIST SP 800-38D, 5.2.1.2
  return size == 4 || size == 8 || (size >= 12 && size <= kTagSize);
}

EVP_CIPHER_CTX* as_cipher(void* stored) noexcept {
  return static_cast<EVP_CIPHER_CTX*>(stored);
}

// A running GCM computation, or nullptr.
EVP_CIPHER_CTX* gcm_start(const mbedtls_gcm_context& gcm, int encrypt, const Byte* iv,
                          std::size_t iv_size) noexcept {
  bssl::UniquePtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  if (context == nullptr ||
      EVP_CipherInit_ex(context.get(), gcm_cipher(gcm.key_size), nullptr, nullptr, nullptr,
                        encrypt) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(iv_size),
                          nullptr) != 1 ||
      EVP_CipherInit_ex(context.get(), nullptr, nullptr, gcm.key, iv, encrypt) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return context.release();
}

bool gcm_feed(void* context, Byte* out, const Byte* in, std::size_t size) noexcept {
  constexpr std::size_t kMost = 1U << 30U;  // the API counts in int
  int written = 0;
  while (size > 0) {
    const std::size_t now = std::min(size, kMost);
    if (EVP_CipherUpdate(as_cipher(context), out, &written, in, static_cast<int>(now)) != 1) {
      return false;
    }
    in += now;
    if (out != nullptr) out += now;
    size -= now;
  }
  return true;
}

// AWS-LC gives a tag only when it encrypts: what was decrypted is encrypted again, into `scratch`.
bool gcm_run(const mbedtls_gcm_context& gcm, const Byte* in, std::size_t size, Byte* out,
             std::span<Byte> scratch) noexcept {
  for (std::size_t at = 0; at < size;) {
    const std::size_t now = std::min(size - at, scratch.size());
    if (gcm.open == nullptr) {
      if (!gcm_feed(gcm.seal, out + at, in + at, now)) return false;
    } else if (!gcm_feed(gcm.open, out + at, in + at, now) ||
               !gcm_feed(gcm.seal, scratch.data(), out + at, now)) {
      return false;
    }
    at += now;
  }
  return true;
}

// In one go where AWS-LC has it: nonces of 12 bytes, which are all that TLS has.
bool gcm_one_shot(std::size_t iv_size) noexcept {
  return iv_size == kNonceSize;
}

}  // namespace

extern "C" {

void mbedtls_gcm_init(mbedtls_gcm_context* ctx) {
  *ctx = mbedtls_gcm_context{};
}

void mbedtls_gcm_free(mbedtls_gcm_context* ctx) {
  if (ctx == nullptr) return;
  EVP_CIPHER_CTX_free(as_cipher(ctx->seal));
  EVP_CIPHER_CTX_free(as_cipher(ctx->open));
  OPENSSL_cleanse(ctx, sizeof *ctx);
}

int mbedtls_gcm_setkey(mbedtls_gcm_context* ctx, mbedtls_cipher_id_t cipher, const Byte* key,
                       unsigned int keybits) {
  if (cipher != MBEDTLS_CIPHER_ID_AES || (keybits != 128 && keybits != 192 && keybits != 256)) {
    return MBEDTLS_ERR_GCM_BAD_INPUT;
  }
  static_cast<void>(ratls::provider::usable());  // the self-test comes first
  ctx->key_size = keybits / 8;
  std::copy_n(key, ctx->key_size, ctx->key);
  return 0;
}

int mbedtls_gcm_starts(mbedtls_gcm_context* ctx, int mode, const Byte* iv, size_t iv_len) {
  if (iv_len == 0 || iv_len > 1024) return MBEDTLS_ERR_GCM_BAD_INPUT;
  EVP_CIPHER_CTX_free(as_cipher(ctx->seal));
  EVP_CIPHER_CTX_free(as_cipher(ctx->open));
  ctx->mode = mode;
  ctx->seal = gcm_start(*ctx, 1, iv, iv_len);
  ctx->open = mode == MBEDTLS_GCM_DECRYPT ? gcm_start(*ctx, 0, iv, iv_len) : nullptr;
  const bool ready = ctx->seal != nullptr && (mode == MBEDTLS_GCM_ENCRYPT || ctx->open != nullptr);
  return ready ? 0 : MBEDTLS_ERR_GCM_BAD_INPUT;
}

int mbedtls_gcm_update_ad(mbedtls_gcm_context* ctx, const Byte* add, size_t add_len) {
  const bool fed = gcm_feed(ctx->seal, nullptr, add, add_len) &&
                   (ctx->open == nullptr || gcm_feed(ctx->open, nullptr, add, add_len));
  return fed ? 0 : MBEDTLS_ERR_GCM_BAD_INPUT;
}

int mbedtls_gcm_update(mbedtls_gcm_context* ctx, const Byte* input, size_t input_length,
                       Byte* output, size_t output_size, size_t* output_length) {
  *output_length = 0;
  if (output_size < input_length) return MBEDTLS_ERR_GCM_BUFFER_TOO_SMALL;
  std::array<Byte, 1024> scratch;
  const bool fed = gcm_run(*ctx, input, input_length, output, scratch);
  OPENSSL_cleanse(scratch.data(), scratch.size());
  if (!fed) return MBEDTLS_ERR_GCM_BAD_INPUT;
  *output_length = input_length;
  return 0;
}

int mbedtls_gcm_finish(mbedtls_gcm_context* ctx, Byte*, size_t, size_t* output_length, Byte* tag,
                       size_t tag_len) {
  int none = 0;
  std::array<Byte, kTagSize> rest{};
  *output_length = 0;
  const bool done = valid_tag_size(tag_len) &&
                    EVP_CipherFinal_ex(as_cipher(ctx->seal), rest.data(), &none) == 1 &&
                    EVP_CIPHER_CTX_ctrl(as_cipher(ctx->seal), EVP_CTRL_AEAD_GET_TAG,
                                        static_cast<int>(tag_len), tag) == 1;
  return done ? 0 : MBEDTLS_ERR_GCM_BAD_INPUT;
}

int mbedtls_gcm_crypt_and_tag(mbedtls_gcm_context* ctx, int mode, size_t length, const Byte* iv,
                              size_t iv_len, const Byte* add, size_t add_len, const Byte* input,
                              Byte* output, size_t tag_len, Byte* tag) {
  if (!valid_tag_size(tag_len)) return MBEDTLS_ERR_GCM_BAD_INPUT;
  if (mode == MBEDTLS_GCM_ENCRYPT && gcm_one_shot(iv_len)) {
    const Message message{
        {ctx->key, ctx->key_size}, {iv, iv_len}, {add, add_len}, {input, length}, output};
    return seal(gcm_aead(ctx->key_size), message, tag, tag_len) ? 0 : MBEDTLS_ERR_GCM_BAD_INPUT;
  }
  std::size_t done = 0;
  int failed = mbedtls_gcm_starts(ctx, mode, iv, iv_len);
  if (failed == 0) failed = mbedtls_gcm_update_ad(ctx, add, add_len);
  if (failed == 0) failed = mbedtls_gcm_update(ctx, input, length, output, length, &done);
  return failed != 0 ? failed : mbedtls_gcm_finish(ctx, nullptr, 0, &done, tag, tag_len);
}

int mbedtls_gcm_auth_decrypt(mbedtls_gcm_context* ctx, size_t length, const Byte* iv, size_t iv_len,
                             const Byte* add, size_t add_len, const Byte* tag, size_t tag_len,
                             const Byte* input, Byte* output) {
  if (!valid_tag_size(tag_len)) return MBEDTLS_ERR_GCM_BAD_INPUT;
  if (gcm_one_shot(iv_len)) {
    const Message message{
        {ctx->key, ctx->key_size}, {iv, iv_len}, {add, add_len}, {input, length}, output};
    return open(gcm_aead(ctx->key_size), message, tag, tag_len) ? 0 : MBEDTLS_ERR_GCM_AUTH_FAILED;
  }
  std::array<Byte, kTagSize> expected{};
  const int failed = mbedtls_gcm_crypt_and_tag(ctx, MBEDTLS_GCM_DECRYPT, length, iv, iv_len, add,
                                               add_len, input, output, tag_len, expected.data());
  if (failed != 0) return failed;
  if (CRYPTO_memcmp(expected.data(), tag, tag_len) == 0) return 0;
  OPENSSL_cleanse(output, length);
  return MBEDTLS_ERR_GCM_AUTH_FAILED;
}

}  // extern "C"
