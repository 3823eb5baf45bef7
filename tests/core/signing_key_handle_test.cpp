// What PSA itself says about a key's handle. Needs the very mbedTLS that core is linked with, which
// a shared libratls hides.
#include <ratls/core/signing_key.h>

#include <psa/crypto.h>

#include "check.h"

using namespace ratls;

namespace {

psa_status_t export_status(std::uint32_t id) {
  Bytes out(128);
  std::size_t size = 0;
  const psa_status_t status = psa_export_key(id, out.data(), out.size(), &size);
  CHECK(is_zero(out));
  return status;
}

void check_sign_only(const SigningKey& key) {
  CHECK(export_status(key.psa_key_id()) == PSA_ERROR_NOT_PERMITTED);
  psa_key_attributes_t seen = PSA_KEY_ATTRIBUTES_INIT;
  REQUIRE(psa_get_key_attributes(key.psa_key_id(), &seen) == PSA_SUCCESS);
  const psa_key_usage_t usage = psa_get_key_usage_flags(&seen);
  CHECK((usage & (PSA_KEY_USAGE_EXPORT | PSA_KEY_USAGE_COPY | PSA_KEY_USAGE_DERIVE)) == 0);
  CHECK((usage & PSA_KEY_USAGE_SIGN_HASH) != 0);
  CHECK(psa_get_key_lifetime(&seen) == PSA_KEY_LIFETIME_VOLATILE);
  CHECK(psa_get_key_bits(&seen) == 256);
}

}  // namespace

TEST_CASE("a generated key cannot be exported") {
  const auto key = SigningKey::generate();
  REQUIRE(key);
  check_sign_only(*key);
}

TEST_CASE("an imported key cannot be exported") {
  const auto key = SigningKey::import_pem(SigningKey::generate_pem().value());
  REQUIRE(key);
  check_sign_only(*key);
}

TEST_CASE("a key is destroyed with its object") {
  std::uint32_t id = 0;
  {
    const auto key = SigningKey::generate();
    REQUIRE(key);
    id = key->psa_key_id();
  }
  CHECK(export_status(id) == PSA_ERROR_INVALID_HANDLE);
}

TEST_CASE("a key that is assigned over is destroyed at once") {
  auto held = SigningKey::generate();
  auto next = SigningKey::generate();
  REQUIRE(held);
  REQUIRE(next);
  const std::uint32_t old = held->psa_key_id();
  *held = std::move(*next);
  CHECK(old != held->psa_key_id());
  CHECK(export_status(old) == PSA_ERROR_INVALID_HANDLE);
  CHECK(export_status(held->psa_key_id()) == PSA_ERROR_NOT_PERMITTED);
}

TEST_CASE("making keys for disk leaves no exportable key behind") {
  const auto before = SigningKey::generate();
  REQUIRE(before);
  for (int i = 0; i < 200; ++i) REQUIRE(SigningKey::generate_pem());
  // Volatile key ids are handed out anew once they are free.
  const auto after = SigningKey::generate();
  REQUIRE(after);
  mbedtls_psa_stats_t stats{};
  mbedtls_psa_get_stats(&stats);
  CHECK(stats.MBEDTLS_PRIVATE(volatile_slots) == 2);
}
