// What core/ does with secrets, watched by valgrind (see memcheck.h and run).
#include <catch2/catch_test_macros.hpp>

#include <array>

#include <ratls/core/crypto.h>
#include <ratls/core/detail/primitives.h>
#include <ratls/core/detail/self_test.h>
#include <ratls/core/secret.h>

#include "memcheck.h"

using namespace ratls;
using test::depends_on_secret;
using test::make_public;
using test::make_secret;
using test::reports;

namespace {

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> out{};
  crypto::random(out);
  return out;
}

// A scalar of P-256: below the order whatever its other bits.
std::array<std::uint8_t, 32> secret_scalar() {
  auto scalar = random_bytes<32>();
  scalar[0] &= 0x7f;
  make_secret(scalar);
  return scalar;
}

// A point whose private key nobody keeps.
std::array<std::uint8_t, 65> peer_point() {
  auto scalar = random_bytes<32>();
  scalar[0] &= 0x7f;
  std::array<std::uint8_t, 65> point{};
  REQUIRE(primitives::p256_public(scalar, point) == PSA_SUCCESS);
  return point;
}

volatile int sink = 0;

}  // namespace

TEST_CASE("control: a branch on a secret is reported") {
  const auto secret = secret_scalar();
  CHECK(reports([&] {
          if (secret[3] > 100) sink = sink + 1;
        }) > 0);
}

TEST_CASE("control: an address that depends on a secret is reported") {
  static const std::array<std::uint8_t, 256> kTable = random_bytes<256>();
  const auto secret = secret_scalar();
  CHECK(reports([&] { sink = kTable[secret[3]]; }) > 0);
}

TEST_CASE("control: a comparison that stops at the first difference is reported") {
  auto secret = secret_scalar();
  const auto other = random_bytes<32>();
  CHECK(reports([&] { sink = std::equal(secret.begin(), secret.end(), other.begin()) ? 1 : 0; }) >
        0);
}

TEST_CASE("equal_ct and is_zero depend on the length only") {
  const auto secret = secret_scalar();
  const auto other = random_bytes<32>();
  std::array<std::uint8_t, 2> answers{};
  CHECK(reports([&] {
          answers[0] = static_cast<std::uint8_t>(equal_ct(secret, other));
          answers[1] = static_cast<std::uint8_t>(is_zero(secret));
        }) == 0);
  CHECK(depends_on_secret(answers));
}

TEST_CASE("holding a secret does not depend on it") {
  const auto secret = secret_scalar();
  CHECK(reports([&] {
          Secret<32> held;
          held.fill([&](std::span<std::uint8_t, 32> memory) { copy_bytes(secret, memory); });
          const Secret<32> moved(std::move(held));
          auto guarded = moved.expose([](ByteView bytes) { return SecretBytes::copy_of(bytes); });
          sink = guarded ? 1 : 0;
        }) == 0);
}

TEST_CASE("the public key of a P-256 key is made without depending on it") {
  const auto secret = secret_scalar();
  std::array<std::uint8_t, 65> point{};
  CHECK(reports([&] { sink = primitives::p256_public(secret, point); }) == 0);
  CHECK(depends_on_secret(point));
}

TEST_CASE("agreeing on P-256 does not depend on the key") {
  const auto peer = peer_point();
  const auto secret = secret_scalar();
  std::array<std::uint8_t, 32> shared{};
  CHECK(reports([&] { sink = primitives::p256_agree(secret, peer, shared); }) == 0);
  CHECK(depends_on_secret(shared));
}

TEST_CASE("X25519 does not depend on the key") {
  const auto peer = random_bytes<32>();
  const auto secret = secret_scalar();
  std::array<std::uint8_t, 32> point{};
  std::array<std::uint8_t, 32> shared{};
  CHECK(reports([&] { primitives::x25519_public(secret, point); }) == 0);
  CHECK(reports([&] { sink = primitives::x25519_agree(secret, peer, shared); }) == 0);
  CHECK(depends_on_secret(point));
  CHECK(depends_on_secret(shared));
}

TEST_CASE("a P-256 signature does not depend on the key but in what it says") {
  const auto secret = secret_scalar();
  const auto digest = random_bytes<32>();
  std::array<std::uint8_t, 64> signature{};
  CHECK(reports([&] { sink = primitives::p256_sign(secret, digest, signature); }) == 0);
  CHECK(depends_on_secret(signature));
}

// AWS-LC mixes a hash of key and digest into its generator, so a signature made with a secret key
// leaves the generator's state secret: what it gives from then on is watched as well.
TEST_CASE("making a P-256 key does not depend on the random numbers it is made of") {
  const auto secret = secret_scalar();
  std::array<std::uint8_t, 64> signature{};
  REQUIRE(reports([&] { sink = primitives::p256_sign(secret, random_bytes<32>(), signature); }) ==
          0);
  std::array<std::uint8_t, 32> made{};
  CHECK(reports([&] { sink = primitives::p256_generate(made); }) == 0);
  CHECK(depends_on_secret(made));
}
