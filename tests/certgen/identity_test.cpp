#include <ratls/certgen/identity.h>

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/x509.h>

#include "../support/files.h"

using namespace ratls;

namespace {

constexpr std::string_view kCertificate = "-----BEGIN CERTIFICATE-----";

std::string text_of(const std::string& path) {
  const auto bytes = test::read_file(path);
  REQUIRE(bytes.has_value());
  return to_string(*bytes);
}

void replace_private(const std::string& path, const std::string& text) {
  test::write_file(path, as_bytes(text));
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

void check_refused(const std::string& path) {
  const auto loaded = CertificateIdentity::load(path);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().reason() == Reason::invalid_config);
  CHECK(loaded.error().detail().find(path) != std::string::npos);
}

}  // namespace

TEST_CASE("an identity that was created is the same one when loaded") {
  const test::TemporaryFolder folder;
  const auto created = CertificateIdentity::create(folder.file("broker.pem"));
  REQUIRE(created.has_value());
  const auto loaded = CertificateIdentity::load(folder.file("broker.pem"));
  REQUIRE(loaded.has_value());
  CHECK(equal_ct(created->certificate(), loaded->certificate()));
  CHECK(equal_ct(created->key().spki(), loaded->key().spki()));
  CHECK(created->pin() == loaded->pin());
  CHECK(loaded->key().sign_sha256(as_bytes("message")).has_value());
}

TEST_CASE("an identity's certificate is that of its key and has no evidence") {
  const test::TemporaryFolder folder;
  const auto created = CertificateIdentity::create(folder.file("broker.pem"));
  REQUIRE(created.has_value());
  const auto certificate =
      Certificate::parse(created->certificate(), Reason::malformed_certificate);
  REQUIRE(certificate.has_value());
  CHECK(equal_ct(certificate->spki(), created->key().spki()));
  CHECK(certificate->extensions().size() == 1);
}

TEST_CASE("two identities have two keys") {
  const test::TemporaryFolder folder;
  const auto a = CertificateIdentity::create(folder.file("a.pem"));
  const auto b = CertificateIdentity::create(folder.file("b.pem"));
  REQUIRE(a.has_value());
  REQUIRE(b.has_value());
  CHECK(a->pin() != b->pin());
}

TEST_CASE("an identity's file belongs to its owner alone") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("broker.pem");
  REQUIRE(CertificateIdentity::create(path).has_value());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  check_refused(path);
}

TEST_CASE("an identity is not created over another") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("broker.pem");
  REQUIRE(CertificateIdentity::create(path).has_value());
  const std::string before = text_of(path);
  const auto again = CertificateIdentity::create(path);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().reason() == Reason::invalid_config);
  CHECK(text_of(path) == before);
}

TEST_CASE("a missing identity is told from a wrong one") {
  const test::TemporaryFolder folder;
  const auto loaded = CertificateIdentity::load(folder.file("none.pem"));
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().reason() == Reason::io_error);
  CHECK(loaded.error().detail().find("none.pem") != std::string::npos);
}

TEST_CASE("a file that is no key with its certificate is refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("broker.pem");
  REQUIRE(CertificateIdentity::create(path).has_value());
  const std::string good = text_of(path);
  const std::size_t at = good.find(kCertificate);
  REQUIRE(at != std::string::npos);
  const std::string key = good.substr(0, at);
  const std::string certificate = good.substr(at);
  for (const std::string& wrong :
       {std::string(), key, certificate, certificate + key, key + certificate + certificate,
        key + certificate.substr(0, 100), good.substr(40), std::string(40000, 'x')}) {
    CAPTURE(wrong.size());
    replace_private(path, wrong);
    check_refused(path);
  }
  replace_private(path, good);
  CHECK(CertificateIdentity::load(path).has_value());
}

TEST_CASE("a key beside another key's certificate is refused") {
  const test::TemporaryFolder folder;
  REQUIRE(CertificateIdentity::create(folder.file("a.pem")).has_value());
  REQUIRE(CertificateIdentity::create(folder.file("b.pem")).has_value());
  const std::string a = text_of(folder.file("a.pem"));
  const std::string b = text_of(folder.file("b.pem"));
  replace_private(folder.file("a.pem"),
                  a.substr(0, a.find(kCertificate)) + b.substr(b.find(kCertificate)));
  check_refused(folder.file("a.pem"));
}

TEST_CASE("an identity's pin is what openssl computes for its key") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("broker.pem");
  const auto created = CertificateIdentity::create(path);
  REQUIRE(created.has_value());
  CHECK(created->spki_sha256() == crypto::sha256({created->key().spki()}));
  const auto pin = test::run_command("openssl x509 -in " + path +
                                     " -noout -pubkey | openssl pkey -pubin -outform DER" +
                                     " | openssl dgst -sha256 -binary | openssl base64");
  if (test::run_command("openssl version").status != 0) SKIP("openssl is not installed");
  CHECK("sha256//" + pin.output == created->pin() + "\n");
}

TEST_CASE("openssl finds the identity's key and certificate to be a pair") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("broker.pem");
  REQUIRE(CertificateIdentity::create(path).has_value());
  const auto from_key = test::run_command("openssl pkey -in " + path + " -pubout");
  if (from_key.status == 127) SKIP("openssl is not installed");
  const auto from_certificate = test::run_command("openssl x509 -in " + path + " -noout -pubkey");
  CHECK(from_key.status == 0);
  CHECK(from_key.output == from_certificate.output);
}

TEST_CASE("an identity is read from two files, and refused where they are no pair") {
  const test::TemporaryFolder folder;
  const std::string whole = folder.file("a.pem");
  const auto a = CertificateIdentity::create(whole);
  const auto b = CertificateIdentity::create(folder.file("b.pem"));
  REQUIRE(a);
  REQUIRE(b);
  const std::string text = text_of(whole);
  const std::size_t at = text.find(kCertificate);
  const std::string key = folder.file("key.pem");
  const std::string certificate = folder.file("cert.pem");
  replace_private(key, text.substr(0, at));
  test::write_file(certificate, as_bytes(text.substr(at)));
  REQUIRE(::chmod(certificate.c_str(), 0644) == 0);
  const auto pair = CertificateIdentity::load_pair(key, certificate);
  REQUIRE(pair);
  CHECK(pair->pin() == a->pin());
  CHECK(equal_ct(pair->certificate(), a->certificate()));
  // In mid-replacement, or mixed up.
  const auto mixed = CertificateIdentity::load_pair(folder.file("b.pem"), certificate);
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().reason() == Reason::invalid_config);
  CHECK(mixed.error().detail().find("another key") != std::string::npos);
  CHECK(CertificateIdentity::load_pair(key, key).error().reason() == Reason::invalid_config);
  CHECK(CertificateIdentity::load_pair(key, folder.file("none")).error().reason() ==
        Reason::io_error);
  REQUIRE(::chmod(key.c_str(), 0644) == 0);
  CHECK(CertificateIdentity::load_pair(key, certificate).error().reason() ==
        Reason::invalid_config);
}
