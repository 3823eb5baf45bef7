// mbedTLS's GCM and ChaCha20-Poly1305, whoever computes them, against libsodium and against
// themselves in parts.
#include <array>

#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <sodium.h>

#include <ratls/core/crypto.h>

#include "check.h"

using namespace ratls;

namespace {

struct Gcm {
  explicit Gcm(ByteView key) {
    mbedtls_gcm_init(&context);
    REQUIRE(mbedtls_gcm_setkey(&context, MBEDTLS_CIPHER_ID_AES, key.data(),
                               static_cast<unsigned>(8 * key.size())) == 0);
  }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  ~Gcm() { mbedtls_gcm_free(&context); }

  Bytes seal(ByteView nonce, ByteView aad, ByteView text, std::size_t tag_size = 16) {
    Bytes out(text.size() + tag_size);
    REQUIRE(mbedtls_gcm_crypt_and_tag(&context, MBEDTLS_GCM_ENCRYPT, text.size(), nonce.data(),
                                      nonce.size(), aad.data(), aad.size(), text.data(), out.data(),
                                      tag_size, out.data() + text.size()) == 0);
    return out;
  }
  int open(ByteView nonce, ByteView aad, ByteView sealed, Bytes& out, std::size_t tag_size = 16) {
    const std::size_t size = sealed.size() - tag_size;
    out.assign(size, 0xee);
    return mbedtls_gcm_auth_decrypt(&context, size, nonce.data(), nonce.size(), aad.data(),
                                    aad.size(), sealed.subspan(size).data(), tag_size,
                                    sealed.data(), out.data());
  }
  // Fed byte counts of 1, 2, 3, ...; text and tag.
  Bytes in_parts(int mode, ByteView nonce, ByteView aad, ByteView text) {
    Bytes out(text.size() + 16);
    std::size_t written = 0;
    REQUIRE(mbedtls_gcm_starts(&context, mode, nonce.data(), nonce.size()) == 0);
    REQUIRE(mbedtls_gcm_update_ad(&context, aad.data(), aad.size()) == 0);
    for (std::size_t at = 0, step = 1; at < text.size(); ++step) {
      const std::size_t now = std::min(step, text.size() - at);
      REQUIRE(mbedtls_gcm_update(&context, text.data() + at, now, out.data() + at, now, &written) ==
              0);
      at += written;
    }
    REQUIRE(mbedtls_gcm_finish(&context, nullptr, 0, &written, out.data() + text.size(), 16) == 0);
    return out;
  }

  mbedtls_gcm_context context;
};

Bytes random_bytes(std::size_t size) {
  Bytes out(size);
  crypto::random(out);
  return out;
}

}  // namespace

TEST_CASE("AES-256-GCM seals as libsodium does, and opens only what was sealed") {
  REQUIRE(sodium_init() >= 0);
  if (crypto_aead_aes256gcm_is_available() == 0) SKIP("libsodium has no AES on this processor");
  const Bytes key = random_bytes(32);
  Gcm gcm(key);
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 255U, 1500U, 16384U}) {
    const Bytes nonce = random_bytes(12);
    const Bytes aad = random_bytes(size % 37);
    const Bytes text = random_bytes(size);
    Bytes expected(size + 16);
    crypto_aead_aes256gcm_encrypt(expected.data(), nullptr, text.data(), size, aad.data(),
                                  aad.size(), nullptr, nonce.data(), key.data());
    const Bytes sealed = gcm.seal(nonce, aad, text);
    REQUIRE(sealed == expected);
    Bytes opened;
    REQUIRE(gcm.open(nonce, aad, sealed, opened) == 0);
    REQUIRE(opened == text);
    const Bytes spoilt = test::with_bit_flipped(sealed, 8 * sealed.size() - 1);
    REQUIRE(gcm.open(nonce, aad, spoilt, opened) == MBEDTLS_ERR_GCM_AUTH_FAILED);
    REQUIRE(is_zero(opened));
  }
}

TEST_CASE("AES-GCM in parts gives what it gives in one go, with every size of key") {
  for (const std::size_t key_size : {16U, 24U, 32U}) {
    Gcm gcm(random_bytes(key_size));
    const Bytes nonce = random_bytes(12);
    const Bytes aad = random_bytes(29);
    const Bytes text = random_bytes(3000);
    const Bytes sealed = gcm.seal(nonce, aad, text);
    CHECK(gcm.in_parts(MBEDTLS_GCM_ENCRYPT, nonce, aad, text) == sealed);
    const Bytes opened =
        gcm.in_parts(MBEDTLS_GCM_DECRYPT, nonce, aad, ByteView(sealed).first(text.size()));
    CHECK(to_hex(ByteView(opened).first(text.size())) == to_hex(text));
    CHECK(to_hex(ByteView(opened).subspan(text.size())) ==
          to_hex(ByteView(sealed).subspan(text.size())));
  }
}

TEST_CASE("AES-GCM with a long nonce or a short tag still opens only what was sealed") {
  Gcm gcm(random_bytes(16));
  const Bytes aad = random_bytes(5);
  const Bytes text = random_bytes(100);
  Bytes opened;
  for (const std::size_t nonce_size : {1U, 8U, 12U, 16U, 60U}) {
    for (const std::size_t tag_size : {4U, 12U, 16U}) {
      const Bytes nonce = random_bytes(nonce_size);
      const Bytes sealed = gcm.seal(nonce, aad, text, tag_size);
      REQUIRE(gcm.open(nonce, aad, sealed, opened, tag_size) == 0);
      REQUIRE(opened == text);
      const Bytes spoilt = test::with_bit_flipped(sealed, 8 * text.size());
      REQUIRE(gcm.open(nonce, aad, spoilt, opened, tag_size) == MBEDTLS_ERR_GCM_AUTH_FAILED);
      REQUIRE(is_zero(opened));
    }
  }
}

TEST_CASE("AES-GCM agrees with NIST's test case for a nonce of 8 bytes") {
  // McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, test case 5.
  Gcm gcm(test::hex("feffe9928665731c6d6a8f9467308308"));
  const Bytes text = test::hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b5"
      "25b16aedf5aa0de657ba637b39");
  const Bytes sealed = gcm.seal(test::hex("cafebabefacedbad"),
                                test::hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), text);
  CHECK(to_hex(ByteView(sealed).subspan(text.size())) == "3612d2e79e3b0785561be14aaca2fccb");
}

TEST_CASE("ChaCha20-Poly1305 seals as libsodium does, in one go and in parts") {
  const Bytes key = random_bytes(32);
  for (const std::size_t size : {0U, 1U, 16U, 63U, 64U, 65U, 1500U, 16384U}) {
    const Bytes nonce = random_bytes(12);
    const Bytes aad = random_bytes(size % 41);
    const Bytes text = random_bytes(size);
    Bytes expected(size + 16);
    crypto_aead_chacha20poly1305_ietf_encrypt(expected.data(), nullptr, text.data(), size,
                                              aad.data(), aad.size(), nullptr, nonce.data(),
                                              key.data());
    mbedtls_chachapoly_context context;
    mbedtls_chachapoly_init(&context);
    REQUIRE(mbedtls_chachapoly_setkey(&context, key.data()) == 0);
    Bytes sealed(size + 16);
    REQUIRE(mbedtls_chachapoly_encrypt_and_tag(&context, size, nonce.data(), aad.data(), aad.size(),
                                               text.data(), sealed.data(),
                                               sealed.data() + size) == 0);
    CHECK(sealed == expected);
    Bytes parts(size + 16);
    REQUIRE(mbedtls_chachapoly_starts(&context, nonce.data(), MBEDTLS_CHACHAPOLY_ENCRYPT) == 0);
    REQUIRE(mbedtls_chachapoly_update_aad(&context, aad.data(), aad.size()) == 0);
    REQUIRE(mbedtls_chachapoly_update(&context, size / 2, text.data(), parts.data()) == 0);
    REQUIRE(mbedtls_chachapoly_update(&context, size - size / 2, text.data() + size / 2,
                                      parts.data() + size / 2) == 0);
    REQUIRE(mbedtls_chachapoly_finish(&context, parts.data() + size) == 0);
    CHECK(parts == expected);
    Bytes opened(size);
    CHECK(mbedtls_chachapoly_auth_decrypt(&context, size, nonce.data(), aad.data(), aad.size(),
                                          sealed.data() + size, sealed.data(), opened.data()) == 0);
    CHECK(opened == text);
    sealed[size] ^= 1;
    CHECK(mbedtls_chachapoly_auth_decrypt(&context, size, nonce.data(), aad.data(), aad.size(),
                                          sealed.data() + size, sealed.data(),
                                          opened.data()) == MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED);
    CHECK(is_zero(opened));
    mbedtls_chachapoly_free(&context);
  }
}
