/// One AEAD message on AWS-LC's public API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <openssl/aead.h>
#include <openssl/err.h>

namespace ratls::provider {

using Byte = unsigned char;
inline constexpr std::size_t kTagSize = 16;
inline constexpr std::size_t kNonceSize = 12;

// One AEAD message; the arguments of mbedTLS in one place.
struct Message {
  std::span<const Byte> key;
  std::span<const Byte> nonce;
  std::span<const Byte> aad;
  std::span<const Byte> text;
  Byte* out;
};

inline bool seal(const EVP_AEAD* aead, const Message& m, Byte* tag, std::size_t tag_size) noexcept {
  bssl::ScopedEVP_AEAD_CTX context;
  std::size_t written = 0;
  return EVP_AEAD_CTX_init(context.get(), aead, m.key.data(), m.key.size(), tag_size, nullptr) ==
             1 &&
         EVP_AEAD_CTX_seal_scatter(context.get(), m.out, tag, &written, tag_size, m.nonce.data(),
                                   m.nonce.size(), m.text.data(), m.text.size(), nullptr, 0,
                                   m.aad.data(), m.aad.size()) == 1 &&
         written == tag_size;
}

// Nothing is left in `out` where the tag is wrong.
inline bool open(const EVP_AEAD* aead, const Message& m, const Byte* tag,
                 std::size_t tag_size) noexcept {
  bssl::ScopedEVP_AEAD_CTX context;
  const bool opened =
      EVP_AEAD_CTX_init(context.get(), aead, m.key.data(), m.key.size(), tag_size, nullptr) == 1 &&
      EVP_AEAD_CTX_open_gather(context.get(), m.out, m.nonce.data(), m.nonce.size(), m.text.data(),
                               m.text.size(), tag, tag_size, m.aad.data(), m.aad.size()) == 1;
  if (!opened) ERR_clear_error();
  return opened;
}

}  // namespace ratls::provider
