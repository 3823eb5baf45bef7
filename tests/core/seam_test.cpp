// Wycheproof through PSA, the way mbedTLS's TLS takes; and counters that show whose code ran.
#include <algorithm>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <psa/crypto.h>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/core/detail/operation_count.h>

#include "../support/files.h"
#include "check.h"

using namespace ratls;
using detail::counted;
using detail::Operation;
using nlohmann::json;

namespace {

json load(const std::string& name) {
  const auto folder = test::shared_vectors();
  if (!folder) SKIP("no shared vectors beside the project");
  const auto file = test::read_file(*folder + "/../wycheproof/" + name);
  if (!file) SKIP("no Wycheproof file " << name);
  REQUIRE(psa_crypto_init() == PSA_SUCCESS);
  return json::parse(to_string(*file));
}

Bytes field(const json& from, const char* key) {
  return test::hex(from.at(key).get<std::string>());
}

psa_key_id_t import(ByteView key, psa_key_type_t type, psa_algorithm_t algorithm,
                    psa_key_usage_t usage) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, type);
  psa_set_key_algorithm(&attributes, algorithm);
  psa_set_key_usage_flags(&attributes, usage);
  psa_key_id_t id = 0;
  return psa_import_key(&attributes, key.data(), key.size(), &id) == PSA_SUCCESS ? id : 0;
}

// The shared secret, or nothing where it was refused.
std::optional<Bytes> agree(psa_key_type_t type, ByteView scalar, ByteView peer) {
  const psa_key_id_t id = import(scalar, type, PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE);
  if (id == 0) return std::nullopt;
  Bytes out(66);
  std::size_t size = 0;
  const psa_status_t status = psa_raw_key_agreement(PSA_ALG_ECDH, id, peer.data(), peer.size(),
                                                    out.data(), out.size(), &size);
  psa_destroy_key(id);
  if (status != PSA_SUCCESS) return std::nullopt;
  out.resize(size);
  return out;
}

bool has_flag(const json& vector, const char* flag) {
  const json& flags = vector.at("flags");
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

}  // namespace

TEST_CASE("every Wycheproof vector of X25519 gives its secret, and low-order shares are refused") {
  int agreed = 0;
  int refused = 0;
  const json all = load("x25519_test.json");
  for (const json& group : all.at("testGroups")) {
    for (const json& vector : group.at("tests")) {
      INFO("tcId " << vector.at("tcId") << ": " << vector.at("comment"));
      const auto shared = agree(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY),
                                field(vector, "private"), field(vector, "public"));
      const bool zero = is_zero(field(vector, "shared"));
      REQUIRE(has_flag(vector, "ZeroSharedSecret") == zero);
      if (zero) {
        REQUIRE_FALSE(shared);
        ++refused;
      } else {
        REQUIRE(shared);
        REQUIRE(to_hex(*shared) == vector.at("shared").get<std::string>());
        ++agreed;
      }
    }
  }
  CHECK(agreed == 487);
  CHECK(refused == 31);
}

TEST_CASE("every Wycheproof P-384 agreement over a plain point gives its secret") {
  int agreed = 0;
  const json all = load("ecdh_secp384r1_test.json");
  const std::string header = "3076301006072a8648ce3d020106052b81040022036200";
  for (const json& group : all.at("testGroups")) {
    for (const json& vector : group.at("tests")) {
      const std::string spki = vector.at("public").get<std::string>();
      if (spki.size() != 240 || spki.rfind(header, 0) != 0) continue;  // TLS sends points, not DER
      Bytes scalar = field(vector, "private");
      if (scalar.size() > 48) scalar.erase(scalar.begin(), scalar.end() - 48);
      scalar.insert(scalar.begin(), 48 - scalar.size(), 0);
      const auto shared = agree(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), scalar,
                                test::hex(spki.substr(header.size())));
      INFO("tcId " << vector.at("tcId") << ": " << vector.at("comment"));
      // "acceptable" there means an odd encoding, not an odd point.
      if (vector.at("result") != "acceptable") {
        REQUIRE(shared.has_value() == (vector.at("result") == "valid"));
      }
      if (shared) {
        REQUIRE(to_hex(*shared) == vector.at("shared").get<std::string>());
        ++agreed;
      }
    }
  }
  CHECK(agreed >= 770);
}

TEST_CASE("every Wycheproof P-256 signature in strict DER is judged rightly") {
  int valid = 0;
  int invalid = 0;
  const json all = load("ecdsa_secp256r1_sha256_test.json");
  for (const json& group : all.at("testGroups")) {
    const psa_key_id_t id = import(field(group.at("publicKey"), "uncompressed"),
                                   PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1),
                                   PSA_ALG_ECDSA(PSA_ALG_SHA_256), PSA_KEY_USAGE_VERIFY_MESSAGE);
    REQUIRE(id != 0);
    for (const json& vector : group.at("tests")) {
      INFO("tcId " << vector.at("tcId") << ": " << vector.at("comment"));
      const Bytes message = field(vector, "msg");
      const auto raw = der::parse_ecdsa_signature(field(vector, "sig"), 32);
      const bool accepted =
          raw && psa_verify_message(id, PSA_ALG_ECDSA(PSA_ALG_SHA_256), message.data(),
                                    message.size(), raw->data(), raw->size()) == PSA_SUCCESS;
      REQUIRE(accepted == (vector.at("result") == "valid"));
      ++(accepted ? valid : invalid);
    }
    psa_destroy_key(id);
  }
  CHECK(valid == 174);
  CHECK(invalid == 310);
}

#if defined(RATLS_EXPECT_AWSLC)
TEST_CASE("P-256 and X25519 keys that PSA makes, signs and agrees with are AWS-LC's") {
  REQUIRE(psa_crypto_init() == PSA_SUCCESS);
  const auto made = counted(Operation::p256_generate);
  const auto exported = counted(Operation::x25519_public);
  const auto agreed = counted(Operation::x25519_agree);
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, 256);
  psa_key_id_t id = 0;
  REQUIRE(psa_generate_key(&attributes, &id) == PSA_SUCCESS);
  CHECK(counted(Operation::p256_generate) == made + 1);
  psa_destroy_key(id);
  Bytes peer(32);
  peer[0] = 9;
  CHECK(agree(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY), test::counting(32), peer));
  CHECK(counted(Operation::x25519_agree) == agreed + 1);
  const psa_key_id_t x =
      import(test::counting(32), PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY), PSA_ALG_ECDH,
             PSA_KEY_USAGE_DERIVE);
  std::size_t size = 0;
  REQUIRE(psa_export_public_key(x, peer.data(), peer.size(), &size) == PSA_SUCCESS);
  CHECK(to_hex(peer) == "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f");
  CHECK(counted(Operation::x25519_public) == exported + 1);
  psa_destroy_key(x);
}
#endif
