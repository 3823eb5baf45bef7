/// AWS-LC's curves and RSA, one function an operation: strict checks, then its public API.
///
/// Nothing here computes on a curve by itself. Outcomes are PSA codes: PSA_SUCCESS,
/// PSA_ERROR_INVALID_ARGUMENT (a key that is none), PSA_ERROR_INVALID_SIGNATURE, or
/// PSA_ERROR_INSUFFICIENT_MEMORY. Secret inputs are used in constant time by AWS-LC.
#pragma once

#include <cstdint>
#include <span>

#include <psa/crypto.h>

namespace ratls::primitives {

using Bytes32 = std::span<const std::uint8_t, 32>;
using Point256 = std::span<const std::uint8_t, 65>;  // 0x04 || X || Y
using View = std::span<const std::uint8_t>;

/// 0 < scalar < n.
psa_status_t p256_check_private(Bytes32 scalar) noexcept;
/// Uncompressed, coordinates below p, on the curve.
psa_status_t p256_check_public(Point256 point) noexcept;
psa_status_t p256_generate(std::span<std::uint8_t, 32> scalar) noexcept;
psa_status_t p256_public(Bytes32 scalar, std::span<std::uint8_t, 65> point) noexcept;
psa_status_t p256_agree(Bytes32 scalar, Point256 peer, std::span<std::uint8_t, 32> x) noexcept;
/// Randomised; AWS-LC mixes a hash of key and digest into the generator of the nonce, so that a
/// weak generator alone does not reveal the key.
psa_status_t p256_sign(Bytes32 scalar, View digest, std::span<std::uint8_t, 64> r_s) noexcept;
psa_status_t p256_verify(Point256 point, View digest,
                         std::span<const std::uint8_t, 64> r_s) noexcept;

void x25519_public(Bytes32 scalar, std::span<std::uint8_t, 32> point) noexcept;
/// Refuses what makes the shared secret zero (RFC 7748, 6.1).
psa_status_t x25519_agree(Bytes32 scalar, Bytes32 peer, std::span<std::uint8_t, 32> out) noexcept;

/// ECDSA over P-384; `digest` of 48 bytes.
psa_status_t p384_verify(std::span<const std::uint8_t, 97> point, View digest,
                         std::span<const std::uint8_t, 48> r,
                         std::span<const std::uint8_t, 48> s) noexcept;
/// RSASSA-PSS, SHA-384 and MGF1-SHA-384, salt of 48 bytes; `digest` of 48 bytes.
psa_status_t rsa_pss_sha384_verify(View modulus, View exponent, View digest,
                                   View signature) noexcept;

}  // namespace ratls::primitives
