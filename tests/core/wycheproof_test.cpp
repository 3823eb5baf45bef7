// Google's Wycheproof vectors through core's own door (../shared/vectors/wycheproof).
#include <fstream>

#include <nlohmann/json.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/core/x509.h>

#include "../support/files.h"
#include "check.h"

using namespace ratls;
using crypto::P384Point;
using crypto::P384Scalar;
using nlohmann::json;

namespace {

json load(const std::string& name) {
  const auto folder = test::shared_vectors();
  if (!folder) SKIP("no shared vectors beside the project");
  const auto file = test::read_file(*folder + "/../wycheproof/" + name);
  if (!file) SKIP("no Wycheproof file " << name);
  return json::parse(to_string(*file));
}

Bytes field(const json& from, const char* key) {
  return test::hex(from.at(key).get<std::string>());
}

struct Count {
  int valid = 0;
  int invalid = 0;
};

// Counts, and fails on the first vector that is judged wrongly.
void judge(const json& vector, bool accepted, Count& count) {
  const bool valid = vector.at("result") == "valid";
  if (accepted != valid) {
    FAIL("tcId " << vector.at("tcId") << " (" << vector.at("comment") << ") is "
                 << vector.at("result") << " and was " << (accepted ? "accepted" : "refused"));
  }
  ++(valid ? count.valid : count.invalid);
}

// IEEE P1363: r and s, 48 bytes each. Any other length has no way into core's types.
bool accepted_p1363(const P384Point& key, const json& vector) {
  const Bytes signature = field(vector, "sig");
  const std::size_t half = signature.size() / 2;
  const auto r = P384Scalar::from(ByteView(signature).first(half));
  const auto s = P384Scalar::from(ByteView(signature).subspan(half));
  if (!r || !s) return false;
  const Bytes message = field(vector, "msg");
  return crypto::verify_p384(key, crypto::sha384({message}), *r, *s).has_value();
}

Count run_rsa_pss(const std::string& file) {
  Count count;
  const json all = load(file);
  for (const json& group : all.at("testGroups")) {
    REQUIRE(group.at("sha") == "SHA-384");
    REQUIRE(group.at("mgfSha") == "SHA-384");
    REQUIRE(group.at("sLen") == 48);
    const auto key = parse_rsa_spki(field(group, "publicKeyDer"), Reason::malformed_certificate);
    REQUIRE(key);
    for (const json& vector : group.at("tests")) {
      const Bytes message = field(vector, "msg");
      const Bytes signature = field(vector, "sig");
      const auto result =
          crypto::verify_rsa_pss_sha384({key->modulus, key->exponent}, message, signature);
      judge(vector, result.has_value(), count);
    }
  }
  return count;
}

}  // namespace

TEST_CASE("every Wycheproof vector of ECDSA P-384 with SHA-384 is judged rightly") {
  Count count;
  const json all = load("ecdsa_secp384r1_sha384_p1363_test.json");
  for (const json& group : all.at("testGroups")) {
    REQUIRE(group.at("sha") == "SHA-384");
    const auto key = P384Point::from(field(group.at("publicKey"), "uncompressed"));
    REQUIRE(key);
    for (const json& vector : group.at("tests")) {
      judge(vector, accepted_p1363(*key, vector), count);
    }
  }
  CHECK(count.valid == 193);
  CHECK(count.invalid == 87);
}

TEST_CASE("every Wycheproof vector of ECDSA P-384 in DER is judged rightly") {
  Count count;
  const json all = load("ecdsa_secp384r1_sha384_test.json");
  for (const json& group : all.at("testGroups")) {
    const auto key = P384Point::from(field(group.at("publicKey"), "uncompressed"));
    REQUIRE(key);
    for (const json& vector : group.at("tests")) {
      const auto raw = der::parse_ecdsa_signature(field(vector, "sig"), 48);
      bool accepted = false;
      if (raw) {
        const auto r = P384Scalar::from(ByteView(*raw).first(48));
        const auto s = P384Scalar::from(ByteView(*raw).subspan(48));
        const Bytes message = field(vector, "msg");
        accepted = crypto::verify_p384(*key, crypto::sha384({message}), *r, *s).has_value();
      }
      judge(vector, accepted, count);
    }
  }
  CHECK(count.valid > 100);
  CHECK(count.invalid > 200);
}

TEST_CASE("every Wycheproof vector of RSA-4096 PSS with SHA-384 is judged rightly") {
  const Count count = run_rsa_pss("rsa_pss_4096_sha384_mgf1_48_test.json");
  CHECK(count.valid == 95);
  CHECK(count.invalid == 46);
}

TEST_CASE("every Wycheproof vector of RSA-2048 PSS with SHA-384 is judged rightly") {
  const Count count = run_rsa_pss("rsa_pss_2048_sha384_mgf1_48_test.json");
  CHECK(count.valid == 95);
  CHECK(count.invalid == 46);
}
