#include <ratls/certgen/sim/endorsement.h>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/x509.h>

#include "../support/files.h"
#include "../support/sim_folder.h"
#include "sim_fixture_check.h"

using namespace ratls;
using namespace ratls::sim;

namespace {

const Timestamp kFrom = *parse_rfc3339("2026-06-17T01:05:04Z");

VcekOptions vcek_options(const Authority& authority, Product product) {
  return VcekOptions{product, authority.chip_id(product, "a"), recent_firmware(product).reported,
                     kFrom};
}

void check_like(const std::vector<CertificateExtension>& made, const std::string& genuine) {
  CAPTURE(genuine);
  const auto der = test::read_file(genuine);
  REQUIRE(der.has_value());
  const auto parsed = Certificate::parse(*der, Reason::malformed_endorsement);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->extensions().size() == made.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    CAPTURE(i);
    CHECK(parsed->extensions()[i].oid == made[i].oid);
    CHECK(parsed->extensions()[i].value == made[i].value);
    CHECK_FALSE(parsed->extensions()[i].critical);
  }
}

}  // namespace

TEST_CASE("a simulated VCEK verifies under its ASK, and not under another") {
  auto authority = test::open_authority();
  for (const Product product : kAllProducts) {
    CAPTURE(name(product));
    const auto made = authority.vcek(vcek_options(authority, product));
    REQUIRE(made.has_value());
    const auto parsed = Certificate::parse(made->certificate, Reason::malformed_endorsement);
    REQUIRE(parsed.has_value());
    const auto roots = authority.roots(product);
    REQUIRE(roots.has_value());
    CHECK(test::signed_by(*parsed, roots->ask));
    CHECK_FALSE(test::signed_by(*parsed, roots->asvk));
    CHECK_FALSE(test::signed_by(*parsed, roots->ark));
  }
}

TEST_CASE("a simulated VCEK has the shape of AMD's, and says in its names that it is not") {
  auto authority = test::open_authority();
  const auto made = authority.vcek(vcek_options(authority, Product::milan));
  REQUIRE(made.has_value());
  const auto parsed = Certificate::parse(made->certificate, Reason::malformed_endorsement);
  REQUIRE(parsed.has_value());
  CHECK(parsed->version() == 3);
  CHECK(is_zero(parsed->serial()));
  CHECK(parsed->issuer_cn() == "SEV-Milan");
  CHECK(parsed->subject_cn() == "SEV-VCEK");
  CHECK(parsed->key_kind() == Certificate::KeyKind::p384);
  CHECK(parsed->signature_algorithm() == Certificate::SignatureAlgorithm::rsa_pss_sha384);
  CHECK(to_rfc3339(parsed->not_before()) == "2026-06-17T01:05:04Z");
  CHECK(to_rfc3339(parsed->not_after()) == "2033-06-17T01:05:04Z");
  CHECK(equal_ct(parsed->ec_point(), made->key.point()));
  for (const ByteView dn : {parsed->issuer(), parsed->subject()}) {
    CHECK(to_string(dn).find("ratls simulator (NOT AMD)") != std::string::npos);
    CHECK(to_string(dn).find("Advanced Micro Devices") == std::string::npos);
  }
}

TEST_CASE("a simulated VLEK verifies under its ASVK and lives one year") {
  auto authority = test::open_authority();
  VlekOptions options;
  options.product = Product::milan;
  options.csp_id = "CN=cc-us-east-2.example";
  options.tcb = recent_firmware(Product::milan).reported;
  options.not_before = kFrom;
  const auto made = authority.vlek(options);
  REQUIRE(made.has_value());
  const auto parsed = Certificate::parse(made->certificate, Reason::malformed_endorsement);
  REQUIRE(parsed.has_value());
  const auto roots = authority.roots(Product::milan);
  REQUIRE(roots.has_value());
  CHECK(test::signed_by(*parsed, roots->asvk));
  CHECK_FALSE(test::signed_by(*parsed, roots->ask));
  CHECK(parsed->issuer_cn() == "SEV-VLEK-Milan");
  CHECK(parsed->subject_cn() == "SEV-VLEK");
  CHECK(to_rfc3339(parsed->not_after()) == "2027-06-17T01:05:04Z");
}

TEST_CASE("29 February becomes the 28th where the other year has none") {
  const VcekOptions options{Product::milan, ChipId{}, Tcb{},
                            *parse_rfc3339("2028-02-29T12:00:00Z")};
  CHECK(to_rfc3339(vcek_shape(options, {}).not_after) == "2035-02-28T12:00:00Z");
}

TEST_CASE("simulated extensions are those of genuine certificates, byte for byte") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("the folder with genuine evidence is absent");
  const auto chip = [](const char* hex) { return *ChipId::parse_hex(hex); };
  check_like(vcek_shape({Product::milan,
                         chip("38d174589d2dff97a6d40cb9f9d90b9507c027491219083cef3ce73ed18f7289"
                              "142d941ad61eabecd27d25f268c1095d665f6001358e98a4769c82734a6bb877"),
                         Tcb{0, 4, 0, 23, 213}, kFrom},
                        {})
                 .extensions,
             *vectors + "/milan/v3-vcek-dstack/vcek.der");
  check_like(vcek_shape({Product::turin,
                         chip("59790fb1c39f35c1000000000000000000000000000000000000000000000000"
                              "0000000000000000000000000000000000000000000000000000000000000000"),
                         Tcb{1, 1, 1, 4, 81}, kFrom},
                        {})
                 .extensions,
             *vectors + "/turin/v5-vcek-microsoft/vcek.der");
  check_like(vcek_shape({Product::bergamo_siena,
                         chip("b5f9a4c8280e63c97d288db6648577dc2b848884aa682d7a227ba40e50deb2b0"
                              "d112b599d87aaccda78d06f4254b1e81c4d953ef3c699db39d4e06013e9fa4ce"),
                         Tcb{0, 10, 0, 27, 27}, kFrom},
                        {})
                 .extensions,
             *vectors + "/siena-bergamo/v5-vcek-live/vcek.der");
  check_like(
      vlek_shape({Product::milan, "CN=cc-us-east-2.amazonaws.com", Tcb{0, 4, 0, 24, 217}, kFrom},
                 {})
          .extensions,
      *vectors + "/milan/v3-vlek-aws-trustee/vlek.der");
}

TEST_CASE("a wrong endorsement can be issued on purpose") {
  auto authority = test::open_authority();
  const auto key = authority.vcek_key(Product::milan, ChipId{}, Tcb{});
  REQUIRE(key.has_value());
  EndorsementShape shape = vcek_shape({Product::milan, ChipId{}, Tcb{}, kFrom}, key->spki());
  shape.serial = 0x1234;
  shape.extensions.pop_back();
  shape.extensions.push_back(shape.extensions[0]);
  shape.subject_cn = "SEV-OTHER";
  const auto der = authority.issue(Product::milan, Ca::asvk, shape);
  REQUIRE(der.has_value());
  const auto parsed = Certificate::parse(*der, Reason::malformed_endorsement);
  REQUIRE(parsed.has_value());
  CHECK(parsed->subject_cn() == "SEV-OTHER");
  CHECK(parsed->extensions().size() == shape.extensions.size());
  CHECK(test::signed_by(*parsed, authority.roots(Product::milan)->asvk));
}

TEST_CASE("the PSS parameters are written with and without the trailer field, as AMD's are") {
  auto authority = test::open_authority();
  const auto key = authority.vcek_key(Product::milan, ChipId{}, Tcb{});
  REQUIRE(key.has_value());
  EndorsementShape shape = vcek_shape({Product::milan, ChipId{}, Tcb{}, kFrom}, key->spki());
  const std::string trailer("\xa3\x03\x02\x01\x01", 5);
  for (const bool explicit_trailer : {true, false}) {
    shape.explicit_trailer = explicit_trailer;
    const auto der = authority.issue(Product::milan, Ca::ask, shape);
    REQUIRE(der.has_value());
    CHECK((to_string(*der).find(trailer) != std::string::npos) == explicit_trailer);
    const auto parsed = Certificate::parse(*der, Reason::malformed_endorsement);
    REQUIRE(parsed.has_value());
    CHECK(test::signed_by(*parsed, authority.roots(Product::milan)->ask));
  }
}
