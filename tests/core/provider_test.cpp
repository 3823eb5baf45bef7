// AWS-LC behind mbedTLS's seam: its self-test, and the same answers as other code.
#include <array>
#include <csignal>
#include <string>

#include <mbedtls/chachapoly.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>
#include <psa/crypto.h>
#include <sodium.h>

#include <ratls/core/crypto.h>
#include <ratls/core/detail/crypto_provider.h>
#include <ratls/core/detail/operation_count.h>
#include <ratls/core/detail/primitives.h>
#include <ratls/core/detail/self_test.h>

#include "builtin_curve.h"
#include "check.h"

using namespace ratls;
using detail::counted;
using detail::Operation;
using test::BuiltinCurve;

namespace {

constexpr int kRounds = 200;

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> out{};
  crypto::random(out);
  return out;
}

// Below the order of P-256 and above zero, whatever the other bytes are.
std::array<std::uint8_t, 32> random_scalar() {
  auto out = random_bytes<32>();
  out[0] &= 0x7f;
  out[31] |= 1;
  return out;
}

template <class Array>
Bytes bytes(const Array& array) {
  return {array.begin(), array.end()};
}

}  // namespace

TEST_CASE("the self-test of this build passes") {
  CHECK(provider::first_failure().empty());
  CHECK(provider::usable());
}

TEST_CASE("every known answer of the self-test is able to fail") {
  REQUIRE(provider::self_tests() == 12);
  std::string before;
  for (std::size_t i = 0; i < provider::self_tests(); ++i) {
    const std::string name(provider::first_failure(i));
    CHECK(!name.empty());
    CHECK(name != before);
    before = name;
  }
}

TEST_CASE("a failed self-test ends the process, unless mbedTLS's own code may stand in") {
  CHECK(provider::decide("", false));
  CHECK(test::signal_of([] { static_cast<void>(provider::decide("X25519 agreement", false)); }) ==
        SIGABRT);
  CHECK_FALSE(provider::decide("X25519 agreement", true));
  CHECK(test::signal_of([] { static_cast<void>(provider::decide("SHA-256", true)); }) == SIGABRT);
}

TEST_CASE("both providers make the same P-256 public keys and shared secrets") {
  const BuiltinCurve curve(MBEDTLS_ECP_DP_SECP256R1);
  for (int i = 0; i < kRounds / 4; ++i) {
    const auto ours = random_scalar();
    const auto theirs = random_scalar();
    std::array<std::uint8_t, 65> our_public{};
    std::array<std::uint8_t, 65> their_public{};
    std::array<std::uint8_t, 32> shared{};
    REQUIRE(primitives::p256_public(ours, our_public) == PSA_SUCCESS);
    REQUIRE(primitives::p256_public(theirs, their_public) == PSA_SUCCESS);
    REQUIRE(primitives::p256_agree(ours, their_public, shared) == PSA_SUCCESS);
    REQUIRE(curve.public_key(ours) == bytes(our_public));
    REQUIRE(curve.multiply(theirs, our_public) == bytes(shared));
  }
}

TEST_CASE("both providers verify each other's P-256 signatures and refuse changed ones") {
  const BuiltinCurve curve(MBEDTLS_ECP_DP_SECP256R1);
  for (int i = 0; i < kRounds / 4; ++i) {
    const auto key = random_scalar();
    const auto digest = random_bytes<32>();
    std::array<std::uint8_t, 65> point{};
    std::array<std::uint8_t, 64> signature{};
    REQUIRE(primitives::p256_public(key, point) == PSA_SUCCESS);
    REQUIRE(primitives::p256_sign(key, digest, signature) == PSA_SUCCESS);
    REQUIRE(curve.verifies(point, digest, signature));
    const Bytes other = curve.sign(key, digest);
    std::copy(other.begin(), other.end(), signature.begin());
    REQUIRE(primitives::p256_verify(point, digest, signature) == PSA_SUCCESS);
    signature[static_cast<std::size_t>(i) % 64] ^= 0x10;
    REQUIRE(primitives::p256_verify(point, digest, signature) == PSA_ERROR_INVALID_SIGNATURE);
    REQUIRE_FALSE(curve.verifies(point, digest, signature));
  }
}

TEST_CASE("both providers judge P-384 signatures alike") {
  const BuiltinCurve curve(MBEDTLS_ECP_DP_SECP384R1);
  for (int i = 0; i < kRounds / 8; ++i) {
    auto scalar = random_bytes<48>();
    scalar[0] &= 0x7f;
    const auto point = crypto::P384Point::from(curve.public_key(scalar));
    const auto digest = crypto::sha384({random_bytes<8>()});
    const Bytes signature = curve.sign(scalar, digest.view());
    for (const std::size_t bit : {std::size_t{9999}, std::size_t{3}, std::size_t{767}}) {
      const Bytes tried = bit == 9999 ? signature : test::with_bit_flipped(signature, bit);
      const auto r = crypto::P384Scalar::from(ByteView(tried).first(48));
      const auto s = crypto::P384Scalar::from(ByteView(tried).subspan(48));
      const bool fast = crypto::provider::verify_p384(*point, digest, *r, *s).has_value();
      REQUIRE(fast == crypto::builtin::verify_p384(*point, digest, *r, *s).has_value());
      REQUIRE(fast == (bit == 9999));
    }
  }
}

TEST_CASE("both providers make the same X25519 shared secrets") {
  const BuiltinCurve curve(MBEDTLS_ECP_DP_CURVE25519);
  for (int i = 0; i < kRounds / 4; ++i) {
    const auto scalar = random_bytes<32>();
    const auto peer = random_bytes<32>();
    std::array<std::uint8_t, 32> shared{};
    std::array<std::uint8_t, 32> expected{};
    REQUIRE(crypto_scalarmult_curve25519(expected.data(), scalar.data(), peer.data()) == 0);
    REQUIRE(primitives::x25519_agree(scalar, peer, shared) == PSA_SUCCESS);
    REQUIRE(shared == expected);
    REQUIRE(crypto_scalarmult_curve25519_base(expected.data(), scalar.data()) == 0);
    primitives::x25519_public(scalar, shared);
    REQUIRE(shared == expected);
  }
}

TEST_CASE("SHA-256 of every length up to 300 bytes is libsodium's") {
  const Bytes text = test::counting(300);
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::array<std::uint8_t, 32> expected{};
    std::array<std::uint8_t, 32> hooked{};
    crypto_hash_sha256(expected.data(), text.data(), size);
    REQUIRE(mbedtls_sha256(text.data(), size, hooked.data(), 0) == 0);
    REQUIRE(hooked == expected);
    REQUIRE(bytes(crypto::sha256({ByteView(text).first(size)}).array()) == bytes(expected));
  }
}

TEST_CASE("P-256 keys that are none are refused") {
  std::array<std::uint8_t, 32> scalar{};
  CHECK(primitives::p256_check_private(scalar) == PSA_ERROR_INVALID_ARGUMENT);
  scalar.fill(0xff);
  CHECK(primitives::p256_check_private(scalar) == PSA_ERROR_INVALID_ARGUMENT);
  std::array<std::uint8_t, 65> point{};
  CHECK(primitives::p256_check_public(point) == PSA_ERROR_INVALID_ARGUMENT);
  REQUIRE(primitives::p256_public(random_scalar(), point) == PSA_SUCCESS);
  CHECK(primitives::p256_check_public(point) == PSA_SUCCESS);
  point[64] ^= 1;
  CHECK(primitives::p256_check_public(point) == PSA_ERROR_INVALID_ARGUMENT);
  point[64] ^= 1;
  point[0] = 0x06;  // the hybrid form of X9.62
  CHECK(primitives::p256_check_public(point) == PSA_ERROR_INVALID_ARGUMENT);
}

TEST_CASE("two signatures of one digest differ") {
  const auto key = random_scalar();
  const auto digest = random_bytes<32>();
  std::array<std::uint8_t, 64> first{};
  std::array<std::uint8_t, 64> second{};
  REQUIRE(primitives::p256_sign(key, digest, first) == PSA_SUCCESS);
  REQUIRE(primitives::p256_sign(key, digest, second) == PSA_SUCCESS);
  CHECK(first != second);
}
