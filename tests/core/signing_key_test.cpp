#include <ratls/core/signing_key.h>

#include <set>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>

#include "../support/files.h"
#include "certificate_parts.h"
#include "check.h"

using namespace ratls;

namespace {

SigningKey generate() {
  auto key = SigningKey::generate();
  REQUIRE(key);
  return std::move(key).value();
}

SecretBytes secret(std::string_view text) {
  auto out = SecretBytes::copy_of(as_bytes(text));
  REQUIRE(out);
  return std::move(out).value();
}

bool refused(std::string_view pem) {
  return test::refused(SigningKey::import_pem(secret(pem)), Reason::invalid_config);
}

std::string text_of(const SecretBytes& pem) {
  return pem.expose([](ByteView bytes) { return to_string(bytes); });
}

// The verdict of an implementation that is not ours.
bool openssl_verifies(ByteView spki, ByteView message, ByteView signature) {
  const test::TemporaryFolder folder;
  test::write_file(folder.file("key.der"), spki);
  test::write_file(folder.file("message"), message);
  test::write_file(folder.file("signature"), signature);
  const auto result =
      test::run_command("openssl dgst -sha256 -keyform DER -verify " + folder.file("key.der") +
                        " -signature " + folder.file("signature") + " " + folder.file("message"));
  return result.status == 0;
}

}  // namespace

TEST_CASE("a fresh key has a P-256 SubjectPublicKeyInfo of its own") {
  std::set<Bytes> seen;
  for (int i = 0; i < 8; ++i) {
    const SigningKey key = generate();
    const ByteView spki = key.spki();
    CHECK(spki.size() == 91);
    CHECK(equal_ct(spki, test::ec_spki(test::kP256, spki.last(65))));
    CHECK(spki[26] == 0x04);
    CHECK(seen.emplace(spki.begin(), spki.end()).second);
  }
}

TEST_CASE("another implementation verifies what a key signs") {
  if (!test::have_program("openssl")) SKIP("no openssl on the PATH");
  const SigningKey key = generate();
  for (const std::size_t size : {0U, 1U, 64U, 5000U}) {
    const Bytes message = test::counting(size);
    const auto signature = key.sign_sha256(message);
    REQUIRE(signature);
    CHECK(openssl_verifies(key.spki(), message, *signature));
    CHECK_FALSE(openssl_verifies(key.spki(), Bytes(size + 1, 0x55), *signature));
    CHECK_FALSE(openssl_verifies(generate().spki(), message, *signature));
  }
}

TEST_CASE("signatures are randomised and minimal DER") {
  const SigningKey key = generate();
  std::set<Bytes> seen;
  for (int i = 0; i < 64; ++i) {
    const Bytes signature = key.sign_sha256(test::counting(10)).value();
    CHECK(seen.insert(signature).second);
    REQUIRE(signature.size() >= 8);
    REQUIRE(signature.size() <= 72);
    CHECK(signature[0] == 0x30);
    CHECK(signature[1] == signature.size() - 2);
    std::size_t at = 2;
    for (int number = 0; number < 2; ++number) {
      REQUIRE(signature[at] == 0x02);
      const ByteView digits = ByteView(signature).subspan(at + 2, signature[at + 1]);
      CHECK(equal_ct(der::integer(digits), ByteView(signature).subspan(at, 2 + digits.size())));
      at += 2 + digits.size();
    }
    CHECK(at == signature.size());
  }
}

TEST_CASE("a key goes to disk as PEM and comes back the same") {
  const auto pem = SigningKey::generate_pem();
  REQUIRE(pem);
  const std::string text = text_of(*pem);
  CHECK(text.starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
  CHECK(text.ends_with("\n-----END EC PRIVATE KEY-----\n"));
  const auto once = SigningKey::import_pem(*pem);
  const auto twice = SigningKey::import_pem(*pem);
  REQUIRE(once);
  REQUIRE(twice);
  CHECK(equal_ct(once->spki(), twice->spki()));
  CHECK(once->psa_key_id() != twice->psa_key_id());
  CHECK(once->sign_sha256({}));
  CHECK(text_of(SigningKey::generate_pem().value()) != text);
}

TEST_CASE("another implementation reads the PEM and finds the same public key") {
  if (!test::have_program("openssl")) SKIP("no openssl on the PATH");
  const auto pem = SigningKey::generate_pem();
  REQUIRE(pem);
  const test::TemporaryFolder folder;
  pem->expose([&](ByteView bytes) { test::write_file(folder.file("key.pem"), bytes); });
  const auto check = test::run_command("openssl ec -check -noout -in " + folder.file("key.pem"));
  CAPTURE(check.output);
  CHECK(check.status == 0);
  REQUIRE(test::run_command("openssl ec -pubout -outform DER -in " + folder.file("key.pem") +
                            " -out " + folder.file("public.der"))
              .status == 0);
  const auto spki = test::read_file(folder.file("public.der"));
  REQUIRE(spki);
  CHECK(equal_ct(*spki, SigningKey::import_pem(*pem).value().spki()));
}

TEST_CASE("PKCS #8 and SEC 1 files made elsewhere are read") {
  if (!test::have_program("openssl")) SKIP("no openssl on the PATH");
  const test::TemporaryFolder folder;
  for (const std::string command :
       {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "openssl ecparam -name prime256v1 -genkey -noout"}) {
    REQUIRE(test::run_command(command + " -out " + folder.file("key.pem")).status == 0);
    const auto file = test::read_file(folder.file("key.pem"));
    REQUIRE(file);
    CHECK(SigningKey::import_pem(secret(to_string(*file))));
  }
}

TEST_CASE("keys of another kind are refused") {
  if (!test::have_program("openssl")) SKIP("no openssl on the PATH");
  const test::TemporaryFolder folder;
  for (const std::string command :
       {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        "openssl genpkey -algorithm ED25519", "openssl genpkey -algorithm X25519",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:word"}) {
    CAPTURE(command);
    REQUIRE(test::run_command(command + " -out " + folder.file("key.pem")).status == 0);
    CHECK(refused(to_string(test::read_file(folder.file("key.pem")).value())));
  }
}

TEST_CASE("what is no key is refused") {
  CHECK(refused(""));
  CHECK(refused("garbage"));
  CHECK(refused(std::string(100, '\0')));
  CHECK(refused("-----BEGIN EC PRIVATE KEY-----\n"));
  CHECK(refused("-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n"));
  CHECK(refused("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"));
  const std::string good = text_of(SigningKey::generate_pem().value());
  REQUIRE_FALSE(refused(good));
  for (std::size_t size = 0; size < good.size() - 1; size += 7) {
    CAPTURE(size);
    CHECK(refused(good.substr(0, size)));
  }
  std::string broken = good;
  broken[40] = '*';
  CHECK(refused(broken));
}

TEST_CASE("a key that was moved away signs no more, and where it went it signs") {
  SigningKey source = generate();
  const Bytes spki(source.spki().begin(), source.spki().end());
  const SigningKey target(std::move(source));
  CHECK(equal_ct(target.spki(), spki));
  CHECK(target.sign_sha256({}));
  CHECK(source.psa_key_id() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(source.spki().empty());
  CHECK(test::refused(source.sign_sha256({}), Reason::internal));
}

TEST_CASE("assigning over a key destroys the old one at once, not later") {
  SigningKey held = generate();
  SigningKey next = generate();
  const Bytes spki(next.spki().begin(), next.spki().end());
  held = std::move(next);
  CHECK(equal_ct(held.spki(), spki));
  CHECK(held.sign_sha256({}));
  CHECK(next.psa_key_id() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(test::refused(next.sign_sha256({}), Reason::internal));
}

TEST_CASE("the hash that names a key is SHA-384 of its SubjectPublicKeyInfo") {
  const SigningKey key = generate();
  CHECK(hash_spki(key.spki()).hex() == crypto::sha384({key.spki()}).hex());
  // SHA-384 of the empty string: an endpoint without a certificate.
  CHECK(hash_spki({}).hex() ==
        "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
        "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
}
