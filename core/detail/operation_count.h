/// How often each public-key operation ran in this process, for tests that must prove which code
/// did the work. A relaxed increment costs nothing beside the cheapest of them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ratls::detail {

enum class Operation : std::uint8_t {
  p256_generate,  ///< AWS-LC's, behind PSA; so are all of P-256 and X25519
  p256_public,    ///< public key from private key
  p256_agree,
  p256_sign,
  p256_verify,
  x25519_public,
  x25519_agree,
  p384_verify,  ///< through core/crypto.h, whoever computes
  rsa_verify,
};
inline constexpr std::size_t kOperations = 9;

inline std::array<std::atomic<std::uint64_t>, kOperations> operation_counts{};

inline void count(Operation operation) noexcept {
  operation_counts[static_cast<std::size_t>(operation)].fetch_add(1, std::memory_order_relaxed);
}

inline std::uint64_t counted(Operation operation) noexcept {
  return operation_counts[static_cast<std::size_t>(operation)].load(std::memory_order_relaxed);
}

}  // namespace ratls::detail
