#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/sim/authority.h>
#include <ratls/core/x509.h>

#include "../support/files.h"
#include "../support/sim_folder.h"
#include "sim_fixture_check.h"

using namespace ratls;
using namespace ratls::sim;

namespace {

CrlOptions crl_options() {
  CrlOptions options;
  options.this_update = *parse_rfc3339("2026-11-01T00:00:00Z");
  options.next_update = *parse_rfc3339("2026-12-01T00:00:00Z");
  options.number = 7;
  return options;
}

// The parts of a CRL's outer SEQUENCE: TBSCertList with its header, and the signature, which is
// always the last 512 bytes.
struct Parts {
  ByteView tbs;
  ByteView signature;
};

Parts split(const Bytes& crl) {
  REQUIRE(crl.size() > 600);
  REQUIRE(crl[0] == 0x30);
  REQUIRE(crl[1] == 0x82);
  REQUIRE(crl[5] == 0x82);
  const std::size_t size = 4 + crl[6] * 256U + crl[7];
  return {ByteView(crl).subspan(4, size), ByteView(crl).last(512)};
}

std::string text_of(const Bytes& crl) {
  const test::TemporaryFolder folder;
  test::write_file(folder.file("crl.der"), crl);
  return test::run_command("openssl crl -inform DER -noout -text -in " + folder.file("crl.der"))
      .output;
}

bool openssl() {
  return test::run_command("openssl version").status == 0;
}

}  // namespace

TEST_CASE("a simulated CRL is signed by its ARK and by no other key") {
  auto authority = test::open_authority();
  for (const Product product : {Product::milan, Product::genoa, Product::turin}) {
    const auto crl = authority.crl(product, crl_options());
    REQUIRE(crl.has_value());
    const Parts parts = split(*crl);
    const auto roots = authority.roots(product);
    REQUIRE(roots.has_value());
    CHECK(test::signed_by(parts.tbs, parts.signature, roots->ark));
    CHECK_FALSE(test::signed_by(parts.tbs, parts.signature, roots->ask));
  }
}

TEST_CASE("an empty simulated CRL has its dates and number and revokes nothing") {
  if (!openssl()) SKIP("openssl is not installed");
  auto authority = test::open_authority();
  const auto crl = authority.crl(Product::milan, crl_options());
  REQUIRE(crl.has_value());
  const std::string text = text_of(*crl);
  CHECK(text.find("Version 2") != std::string::npos);
  CHECK(text.find("CN = ARK-Milan") != std::string::npos);
  CHECK(text.find("Last Update: Nov  1 00:00:00 2026 GMT") != std::string::npos);
  CHECK(text.find("Next Update: Dec  1 00:00:00 2026 GMT") != std::string::npos);
  CHECK(text.find("No Revoked Certificates") != std::string::npos);
}

TEST_CASE("a simulated CRL names the serials of what it revokes") {
  if (!openssl()) SKIP("openssl is not installed");
  auto authority = test::open_authority();
  CrlOptions options = crl_options();
  options.revoked = {Ca::ask, Ca::asvk};
  options.revoked_serials = {0};
  const auto crl = authority.crl(Product::milan, options);
  REQUIRE(crl.has_value());
  const std::string text = text_of(*crl);
  CHECK(text.find("Serial Number: 010001") != std::string::npos);
  CHECK(text.find("Serial Number: 010101") != std::string::npos);
  CHECK(text.find("Serial Number: 00\n") != std::string::npos);
}

TEST_CASE("openssl refuses an ASK that the simulated CRL revokes, and takes it otherwise") {
  if (!openssl()) SKIP("openssl is not installed");
  auto authority = test::open_authority();
  const test::TemporaryFolder folder;
  const auto pem = [&](const Bytes& der, const std::string& kind, const std::string& file) {
    test::write_file(folder.file("x.der"), der);
    test::run_command("openssl " + kind + " -inform DER -in " + folder.file("x.der") + " -out " +
                      folder.file(file));
  };
  const auto verify = [&](const CrlOptions& options) {
    pem(authority.crl(Product::milan, options).value(), "crl", "crl.pem");
    return test::run_command("openssl verify -attime 1794000000 -crl_check -CAfile " +
                             folder.file("ark.pem") + " -CRLfile " + folder.file("crl.pem") + " " +
                             folder.file("ask.pem"))
        .output;
  };
  pem(authority.certificate(Product::milan, Ca::ark).value(), "x509", "ark.pem");
  pem(authority.certificate(Product::milan, Ca::ask).value(), "x509", "ask.pem");
  CrlOptions options = crl_options();
  CHECK(verify(options).find(": OK") != std::string::npos);
  options.revoked = {Ca::ask};
  CHECK(verify(options).find("certificate revoked") != std::string::npos);
}
