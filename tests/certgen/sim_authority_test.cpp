#include <ratls/certgen/sim/authority.h>

#include <sys/stat.h>

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/x509.h>

#include "../support/files.h"
#include "../support/sim_folder.h"
#include "sim_fixture_check.h"

using namespace ratls;
using namespace ratls::sim;

namespace {

const Timestamp kFrom = *parse_rfc3339("2026-01-01T00:00:00Z");

Certificate ca_certificate(Authority& authority, Product product, Ca ca) {
  const auto der = authority.certificate(product, ca);
  REQUIRE(der.has_value());
  auto parsed = Certificate::parse(*der, Reason::malformed_certificate);
  REQUIRE(parsed.has_value());
  return std::move(parsed).value();
}

// A folder with the shared seed and Milan's keys, to be damaged.
void copy_authority(const std::string& to) {
  for (const char* file :
       {"seed", "README", "milan-ark.key", "milan-ark.der", "milan-ask.key", "milan-ask.der"}) {
    std::filesystem::copy_file(test::sim_folder() + "/" + file, to + "/" + file);
  }
}

Reason reason_of_vcek(const std::string& folder) {
  auto authority = Authority::open(folder);
  if (!authority) return authority.error().reason();
  const auto made = authority->vcek({Product::milan, ChipId{}, Tcb{}, kFrom});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().detail().find(folder) != std::string::npos);
  return made.error().reason();
}

}  // namespace

TEST_CASE("a simulated chain has AMD's names, serials and signatures") {
  auto authority = test::open_authority();
  for (const Product product : {Product::milan, Product::genoa, Product::turin}) {
    const KeyLine line = key_line(product);
    CAPTURE(name(line));
    const auto roots = authority.roots(product);
    REQUIRE(roots.has_value());
    const Certificate ark = ca_certificate(authority, product, Ca::ark);
    const Certificate ask = ca_certificate(authority, product, Ca::ask);
    const Certificate asvk = ca_certificate(authority, product, Ca::asvk);
    const std::string p(certificate_name(line));
    CHECK(ark.subject_cn() == "ARK-" + p);
    CHECK(ask.subject_cn() == "SEV-" + p);
    CHECK(asvk.subject_cn() == "SEV-VLEK-" + p);
    for (const Certificate* each : {&ark, &ask, &asvk}) {
      CHECK(each->issuer_cn() == "ARK-" + p);
      CHECK(each->is_ca());
      CHECK(each->key_kind() == Certificate::KeyKind::rsa);
      CHECK(test::signed_by(*each, roots->ark));
    }
    CHECK(equal_ct(ark.spki(), roots->ark));
    CHECK(equal_ct(ask.spki(), roots->ask));
    CHECK(equal_ct(asvk.spki(), roots->asvk));
  }
}

TEST_CASE("simulated CA certificates have AMD's serials, and AMD's extensions in AMD's order") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("the folder with genuine evidence is absent");
  auto authority = test::open_authority();
  for (const Product product : {Product::milan, Product::genoa, Product::turin}) {
    for (const Ca ca : {Ca::ark, Ca::ask, Ca::asvk}) {
      CAPTURE(name(product), name(ca));
      const Certificate made = ca_certificate(authority, product, ca);
      const auto der = test::read_file(*vectors + "/certs/" + std::string(name(product)) + "/" +
                                       std::string(name(ca)) + ".der");
      REQUIRE(der.has_value());
      const auto genuine = Certificate::parse(*der, Reason::malformed_certificate);
      REQUIRE(genuine.has_value());
      CHECK(equal_ct(made.serial(), genuine->serial()));
      std::vector<std::pair<std::string, bool>> ours;
      std::vector<std::pair<std::string, bool>> theirs;
      for (const auto& each : made.extensions()) ours.emplace_back(each.oid, each.critical);
      for (const auto& each : genuine->extensions()) theirs.emplace_back(each.oid, each.critical);
      CHECK(ours == theirs);
    }
  }
}

TEST_CASE("openssl accepts the simulated chains down to VCEK and VLEK") {
  if (test::run_command("openssl version").status != 0) SKIP("openssl is not installed");
  auto authority = test::open_authority();
  const test::TemporaryFolder folder;
  const auto pem = [&](const Bytes& der, const std::string& file) {
    test::write_file(folder.file("x.der"), der);
    test::run_command("openssl x509 -inform DER -in " + folder.file("x.der") + " -out " +
                      folder.file(file));
  };
  for (const Product product : kAllProducts) {
    CAPTURE(name(product));
    const Tcb tcb = recent_firmware(product).reported;
    const auto vcek = authority.vcek({product, authority.chip_id(product, "a"), tcb, kFrom});
    const auto vlek = authority.vlek({product, "CN=example", tcb, kFrom});
    REQUIRE(vcek.has_value());
    REQUIRE(vlek.has_value());
    pem(authority.certificate(product, Ca::ark).value(), "ark.pem");
    pem(authority.certificate(product, Ca::ask).value(), "ask.pem");
    pem(authority.certificate(product, Ca::asvk).value(), "asvk.pem");
    pem(vcek->certificate, "vcek.pem");
    pem(vlek->certificate, "vlek.pem");
    const auto verify = [&](const std::string& issuer, const std::string& leaf) {
      return test::run_command("openssl verify -attime 1780000000 -CAfile " +
                               folder.file("ark.pem") + " -untrusted " + folder.file(issuer) + " " +
                               folder.file(leaf));
    };
    CHECK(verify("ask.pem", "vcek.pem").output.find(": OK") != std::string::npos);
    CHECK(verify("asvk.pem", "vlek.pem").output.find(": OK") != std::string::npos);
    CHECK(verify("asvk.pem", "vcek.pem").output.find(": OK") == std::string::npos);
  }
}

TEST_CASE("the same folder is the same authority for ever") {
  auto first = test::open_authority();
  auto second = test::open_authority();
  CHECK(first.certificate(Product::milan, Ca::ask).value() ==
        second.certificate(Product::milan, Ca::ask).value());
  CHECK(first.chip_id(Product::milan, "a") == second.chip_id(Product::milan, "a"));
  const Tcb tcb = recent_firmware(Product::milan).reported;
  CHECK(first.vcek_key(Product::milan, ChipId{}, tcb)->spki() ==
        second.vcek_key(Product::milan, ChipId{}, tcb)->spki());
  CHECK(first.vlek_key(Product::milan, "CN=x", tcb)->spki() ==
        second.vlek_key(Product::milan, "CN=x", tcb)->spki());
}

TEST_CASE("another chip, TCB, product or provider has another key") {
  auto authority = test::open_authority();
  const Tcb tcb{0, 1, 2, 3, 4};
  const ChipId chip = authority.chip_id(Product::milan, "a");
  const auto base = authority.vcek_key(Product::milan, chip, tcb)->spki();
  const ChipId other_chip = authority.chip_id(Product::milan, "b");
  CHECK(chip != other_chip);
  CHECK(authority.vcek_key(Product::milan, other_chip, tcb)->spki() != base);
  CHECK(authority.vcek_key(Product::milan, chip, Tcb{0, 1, 2, 3, 5})->spki() != base);
  CHECK(authority.vcek_key(Product::genoa, chip, tcb)->spki() != base);
  CHECK(authority.vlek_key(Product::milan, "CN=x", tcb)->spki() != base);
  CHECK(authority.vlek_key(Product::milan, "CN=x", tcb)->spki() !=
        authority.vlek_key(Product::milan, "CN=y", tcb)->spki());
}

TEST_CASE("a Turin chip id has eight bytes, and then zeros") {
  auto authority = test::open_authority();
  const ChipId turin = authority.chip_id(Product::turin, "a");
  CHECK_FALSE(is_zero(turin.view().first(8)));
  CHECK(is_zero(turin.view().subspan(8)));
  CHECK_FALSE(is_zero(authority.chip_id(Product::milan, "a").view().subspan(8)));
}

TEST_CASE("the roots for a policy name each key line once, in hex") {
  auto authority = test::open_authority();
  const auto json = authority.roots_json(kAllProducts);
  REQUIRE(json.has_value());
  const auto roots = authority.roots(Product::genoa);
  REQUIRE(roots.has_value());
  CHECK(json->starts_with("[{\"product\":\"milan\",\"ark\":\"308202"));
  CHECK(json->find("{\"product\":\"genoa\",\"ark\":\"" + to_hex(roots->ark) + "\",\"ask\":\"" +
                   to_hex(roots->ask) + "\",\"asvk\":\"" + to_hex(roots->asvk) + "\"}") !=
        std::string::npos);
  CHECK(json->find("bergamo") == std::string::npos);
  CHECK(json->find("turin") != std::string::npos);
}

TEST_CASE("an authority's folder is closed to others and says what it is") {
  const test::TemporaryFolder parent;
  const std::string folder = parent.file("sim");
  CHECK_FALSE(Authority::present(folder));
  REQUIRE(Authority::open(folder).has_value());
  CHECK(Authority::present(folder));
  struct stat status {};
  REQUIRE(::stat(folder.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
  }
  CHECK(to_string(*test::read_file(folder + "/README")).starts_with("SIMULATED"));
  REQUIRE(::chmod(folder.c_str(), 0755) == 0);
  const auto open = Authority::open(folder);
  REQUIRE_FALSE(open.has_value());
  CHECK(open.error().reason() == Reason::invalid_config);
}

TEST_CASE("a folder that cannot be is an error") {
  const test::TemporaryFolder parent;
  CHECK(Authority::open(parent.file("a/b")).error().reason() == Reason::io_error);
  test::write_file(parent.file("file"), Bytes{1});
  CHECK(Authority::open(parent.file("file")).error().reason() == Reason::invalid_config);
}

TEST_CASE("damaged keys and certificates are named, never replaced") {
  for (const char* file :
       {"seed", "milan-ark.key", "milan-ark.der", "milan-ask.key", "milan-ask.der"}) {
    CAPTURE(file);
    const test::TemporaryFolder folder;
    copy_authority(folder.path());
    test::write_file(folder.file(file), as_bytes("damaged"));
    CHECK(reason_of_vcek(folder.path()) == Reason::invalid_config);
    CHECK(test::read_file(folder.file(file)) == Bytes{'d', 'a', 'm', 'a', 'g', 'e', 'd'});
  }
}

TEST_CASE("a certificate of another key than the one beside it is damage") {
  const test::TemporaryFolder folder;
  copy_authority(folder.path());
  std::filesystem::copy_file(test::sim_folder() + "/milan-asvk.key", folder.file("milan-ask.key"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(reason_of_vcek(folder.path()) == Reason::invalid_config);
}

TEST_CASE("a missing certificate is issued again for the key that is there") {
  const test::TemporaryFolder folder;
  copy_authority(folder.path());
  std::filesystem::remove(folder.file("milan-ask.der"));
  auto authority = Authority::open(folder.path());
  REQUIRE(authority.has_value());
  const Certificate again = ca_certificate(*authority, Product::milan, Ca::ask);
  auto shared = test::open_authority();
  const Certificate before = ca_certificate(shared, Product::milan, Ca::ask);
  CHECK(equal_ct(again.tbs(), before.tbs()));
}
