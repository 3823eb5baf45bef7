// Keys as the TLS layer uses them: through PSA, and the AEADs and key schedules of its records.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <optional>

#include <psa/crypto.h>

#include <ratls/core/crypto.h>
#include <ratls/core/detail/primitives.h>
#include <ratls/core/signing_key.h>

#include "memcheck.h"

using namespace ratls;
using test::depends_on_secret;
using test::make_public;
using test::make_secret;
using test::reports;

namespace {

template <std::size_t N>
std::array<std::uint8_t, N> secret_bytes() {
  std::array<std::uint8_t, N> out{};
  crypto::random(out);
  make_secret(out);
  return out;
}

// See primitives_test.cpp: from here on AWS-LC's generator gives secrets.
void make_generator_secret() {
  auto scalar = secret_bytes<32>();
  scalar[0] &= 0x7f;
  std::array<std::uint8_t, 64> signature{};
  std::array<std::uint8_t, 32> digest{};
  static_cast<void>(primitives::p256_sign(scalar, digest, signature));
}

psa_key_id_t imported(psa_key_type_t type, std::size_t bits, psa_algorithm_t algorithm,
                      psa_key_usage_t usage, ByteView key) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, type);
  psa_set_key_bits(&attributes, bits);
  psa_set_key_algorithm(&attributes, algorithm);
  psa_set_key_usage_flags(&attributes, usage);
  psa_key_id_t id = 0;
  REQUIRE(psa_crypto_init() == PSA_SUCCESS);
  REQUIRE(psa_import_key(&attributes, key.data(), key.size(), &id) == PSA_SUCCESS);
  return id;
}

// Seals and opens a message under a secret key; the text is public, the sealed text is shown.
void seal_and_open(psa_key_type_t type, psa_algorithm_t algorithm, ByteView key) {
  const psa_key_id_t id =
      imported(type, key.size() * 8, algorithm, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT, key);
  const std::array<std::uint8_t, 12> nonce{1, 2, 3};
  const std::array<std::uint8_t, 5> header{23, 3, 3, 1, 44};
  const Bytes text(300, 7);
  Bytes sealed(text.size() + 16);
  Bytes opened(text.size());
  std::size_t size = 0;
  REQUIRE(psa_aead_encrypt(id, algorithm, nonce.data(), nonce.size(), header.data(), header.size(),
                           text.data(), text.size(), sealed.data(), sealed.size(),
                           &size) == PSA_SUCCESS);
  CHECK(depends_on_secret(sealed));
  make_public(sealed);
  REQUIRE(psa_aead_decrypt(id, algorithm, nonce.data(), nonce.size(), header.data(), header.size(),
                           sealed.data(), sealed.size(), opened.data(), opened.size(),
                           &size) == PSA_SUCCESS);
  CHECK(depends_on_secret(opened));
  psa_destroy_key(id);
}

}  // namespace

TEST_CASE("AES-GCM does not depend on its key") {
  CHECK(reports([] {
          seal_and_open(PSA_KEY_TYPE_AES, PSA_ALG_GCM, secret_bytes<16>());
          seal_and_open(PSA_KEY_TYPE_AES, PSA_ALG_GCM, secret_bytes<32>());
        }) == 0);
}

TEST_CASE("ChaCha20-Poly1305 does not depend on its key") {
  CHECK(reports([] {
          seal_and_open(PSA_KEY_TYPE_CHACHA20, PSA_ALG_CHACHA20_POLY1305, secret_bytes<32>());
        }) == 0);
}

TEST_CASE("deriving a key or a binder does not depend on the secret that it comes from") {
  const auto secret = secret_bytes<48>();
  std::array<std::uint8_t, 32> derived{};
  std::array<std::uint8_t, 48> binder{};
  CHECK(reports([&] {
          REQUIRE(crypto::hkdf_expand_label(crypto::TlsHash::sha256, ByteView(secret).first(32),
                                            "key", {}, derived));
          REQUIRE(crypto::tls_exporter(crypto::TlsHash::sha384, secret, "label", {}, binder));
        }) == 0);
  CHECK(depends_on_secret(derived));
  CHECK(depends_on_secret(binder));
}

TEST_CASE("an X25519 key in PSA agrees without depending on itself") {
  auto key = secret_bytes<32>();
  std::array<std::uint8_t, 32> peer{9};
  std::array<std::uint8_t, 32> shared{};
  std::array<std::uint8_t, 32> point{};
  CHECK(reports([&] {
          std::size_t size = 0;
          const psa_key_id_t id = imported(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY),
                                           255, PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE, key);
          REQUIRE(psa_export_public_key(id, point.data(), point.size(), &size) == PSA_SUCCESS);
          REQUIRE(psa_raw_key_agreement(PSA_ALG_ECDH, id, peer.data(), peer.size(), shared.data(),
                                        shared.size(), &size) == PSA_SUCCESS);
          psa_destroy_key(id);
        }) == 0);
  CHECK(depends_on_secret(point));
  CHECK(depends_on_secret(shared));
}

TEST_CASE("a P-256 key in PSA agrees without depending on itself") {
  auto key = secret_bytes<32>();
  key[0] &= 0x7f;
  std::array<std::uint8_t, 65> peer{};
  std::array<std::uint8_t, 32> one{};
  one[31] = 1;
  REQUIRE(primitives::p256_public(one, peer) == PSA_SUCCESS);
  std::array<std::uint8_t, 32> shared{};
  CHECK(reports([&] {
          std::size_t size = 0;
          const psa_key_id_t id = imported(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), 256,
                                           PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE, key);
          REQUIRE(psa_raw_key_agreement(PSA_ALG_ECDH, id, peer.data(), peer.size(), shared.data(),
                                        shared.size(), &size) == PSA_SUCCESS);
          psa_destroy_key(id);
        }) == 0);
  CHECK(depends_on_secret(shared));
}

// Last, because of what they do to the generator.
TEST_CASE("a TLS key is made, signs and goes without anything depending on it") {
  make_generator_secret();
  const std::array<std::uint8_t, 100> message{};
  CHECK(reports([&] {
          const auto key = SigningKey::generate();
          REQUIRE(key);
          CHECK(depends_on_secret(key->spki()));
          const auto signature = key->sign_sha256(message);
          REQUIRE(signature);
          CHECK(depends_on_secret(*signature));
        }) == 0);
}

// Reading it again is not watched: mbedTLS's parser of PEM and its big numbers branch on what they
// read. A process does it once, when it starts.
TEST_CASE("a TLS key is written as PEM without anything depending on it") {
  make_generator_secret();
  std::optional<Result<SecretBytes>> pem;
  CHECK(reports([&] { pem = SigningKey::generate_pem(); }) == 0);
  REQUIRE(pem->has_value());
  CHECK((*pem)->expose([](ByteView text) { return depends_on_secret(text); }));
}
