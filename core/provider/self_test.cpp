// core/detail/self_test.h.
#include <ratls/core/detail/self_test.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <span>

#include <openssl/aead.h>
#include <openssl/sha.h>
#include <psa/crypto.h>

#include <ratls/core/detail/primitives.h>

#include "known_answers.h"

namespace ratls::provider {

namespace {

using namespace known;

#if defined(RATLS_SELF_TEST_FALLS_BACK)
constexpr bool kMayFallBack = true;
#else
constexpr bool kMayFallBack = false;
#endif

// Each test compares its last step with an answer, changed first where `fault` is set.
template <std::size_t N>
bool same(const std::array<std::uint8_t, N>& got, std::array<std::uint8_t, N> want, bool fault) {
  if (fault) want[N - 1] ^= 1;
  return got == want;
}

template <std::size_t N>
std::array<std::uint8_t, N> spoilt(std::array<std::uint8_t, N> answer, bool fault) {
  if (fault) answer[N - 1] ^= 1;
  return answer;
}

bool sha256_is_right(bool fault) {
  std::array<std::uint8_t, 32> out{};
  SHA256(kMessage.data(), kMessage.size(), out.data());
  return same(out, kSha256, fault);
}

bool sha384_is_right(bool fault) {
  std::array<std::uint8_t, 48> out{};
  SHA384(kMessage.data(), kMessage.size(), out.data());
  return same(out, kSha384, fault);
}

bool seals(const EVP_AEAD* aead, const std::array<std::uint8_t, 27>& want, bool fault) {
  constexpr std::array<std::uint8_t, 12> kNonce{};
  bssl::ScopedEVP_AEAD_CTX context;
  std::array<std::uint8_t, 27> out{};
  std::array<std::uint8_t, 11> text{};
  std::size_t size = 0;
  return EVP_AEAD_CTX_init(context.get(), aead, kX25519Private.data(), EVP_AEAD_key_length(aead),
                           16, nullptr) == 1 &&
         EVP_AEAD_CTX_seal(context.get(), out.data(), &size, out.size(), kNonce.data(),
                           kNonce.size(), kText.data(), kText.size(), kAad.data(),
                           kAad.size()) == 1 &&
         same(out, want, fault) &&
         EVP_AEAD_CTX_open(context.get(), text.data(), &size, text.size(), kNonce.data(),
                           kNonce.size(), out.data(), out.size(), kAad.data(), kAad.size()) == 1 &&
         text == kText;
}

bool gcm_is_right(bool fault) {
  return seals(EVP_aead_aes_128_gcm(), kGcmSealed, fault);
}
bool chacha_is_right(bool fault) {
  return seals(EVP_aead_chacha20_poly1305(), kChaChaSealed, fault);
}

bool p256_public_is_right(bool fault) {
  std::array<std::uint8_t, 65> out{};
  return primitives::p256_public(kP256Private, out) == PSA_SUCCESS && same(out, kP256Public, fault);
}

bool p256_agrees(bool fault) {
  std::array<std::uint8_t, 32> out{};
  return primitives::p256_agree(kP256Private, kP256Peer, out) == PSA_SUCCESS &&
         same(out, kP256Shared, fault);
}

bool p256_verifies(bool fault) {
  return primitives::p256_verify(kP256Public, kSha256, spoilt(kP256Signature, fault)) ==
         PSA_SUCCESS;
}

// A signature is random: what is known is that it verifies, and not for another digest.
bool p256_signs(bool fault) {
  std::array<std::uint8_t, 64> signature{};
  return primitives::p256_sign(kP256Private, kSha256, signature) == PSA_SUCCESS &&
         primitives::p256_verify(kP256Public, spoilt(kSha256, fault), signature) == PSA_SUCCESS &&
         primitives::p256_verify(kP256Public, kP256Shared, signature) != PSA_SUCCESS;
}

bool x25519_public_is_right(bool fault) {
  std::array<std::uint8_t, 32> out{};
  primitives::x25519_public(kX25519Private, out);
  return same(out, kX25519Public, fault);
}

bool x25519_agrees(bool fault) {
  constexpr std::array<std::uint8_t, 32> kLowOrder{};
  std::array<std::uint8_t, 32> out{};
  return primitives::x25519_agree(kX25519Private, kLowOrder, out) != PSA_SUCCESS &&
         primitives::x25519_agree(kX25519Private, kX25519Peer, out) == PSA_SUCCESS &&
         same(out, kX25519Shared, fault);
}

bool p384_verifies(bool fault) {
  return primitives::p384_verify(kP384Public, kSha384, kP384R, spoilt(kP384S, fault)) ==
         PSA_SUCCESS;
}

bool rsa_verifies(bool fault) {
  constexpr std::array<std::uint8_t, 3> kExponent{1, 0, 1};
  return primitives::rsa_pss_sha384_verify(kRsaModulus, kExponent, kSha384,
                                           spoilt(kRsaSignature, fault)) == PSA_SUCCESS;
}

struct Test {
  std::string_view name;
  bool (*passes)(bool fault);
  bool has_substitute;  // mbedTLS's own code, compiled beside it
};

constexpr std::array<Test, 12> kTests{{{"SHA-256", sha256_is_right, false},
                                       {"SHA-384", sha384_is_right, false},
                                       {"AES-GCM", gcm_is_right, false},
                                       {"ChaCha20-Poly1305", chacha_is_right, false},
                                       {"P-256 public key", p256_public_is_right, true},
                                       {"P-256 agreement", p256_agrees, true},
                                       {"P-256 verification", p256_verifies, true},
                                       {"P-256 signature", p256_signs, true},
                                       {"X25519 public key", x25519_public_is_right, true},
                                       {"X25519 agreement", x25519_agrees, true},
                                       {"P-384 verification", p384_verifies, true},
                                       {"RSA-PSS verification", rsa_verifies, true}}};

bool has_substitute(std::string_view name) {
  return std::any_of(kTests.begin(), kTests.end(),
                     [&](const Test& test) { return test.name == name && test.has_substitute; });
}

std::atomic<bool> stopped{false};

}  // namespace

std::size_t self_tests() noexcept {
  return kTests.size();
}

std::string_view first_failure(std::size_t fault) noexcept {
  for (std::size_t i = 0; i < kTests.size(); ++i) {
    if (!kTests[i].passes(i == fault)) return kTests[i].name;
  }
  return {};
}

bool decide(std::string_view failure, bool may_fall_back) noexcept {
  if (failure.empty()) return true;
  const bool falls_back = may_fall_back && has_substitute(failure);
  std::fprintf(stderr,
               "ratls: error: the start-up self-test of AWS-LC failed (%.*s): this processor, its "
               "memory or this build is faulty; %s\n",
               static_cast<int>(failure.size()), failure.data(),
               falls_back ? "going on with mbedTLS's own arithmetic, which is slower."
                          : "stopping, because no result of it could be trusted.");
  if (!falls_back) std::abort();
  return false;
}

bool usable() noexcept {
  static const bool sound = decide(first_failure(), kMayFallBack);
  return sound && !stopped.load(std::memory_order_relaxed);
}

void stop_using() noexcept {
  stopped.store(true, std::memory_order_relaxed);
}

}  // namespace ratls::provider
