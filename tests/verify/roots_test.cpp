// The pinned keys are AMD's: their fingerprints are recomputed from the constants.

#include <map>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/core/x509.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/snp/detail/amd_roots.h>

#include "tests/verify/genuine.h"

namespace ratls {

namespace {

using snp::detail::AmdKey;
using snp::detail::AmdRoot;

// docs/snp.md, section 2, typed in from there and not from the generator.
const std::map<std::string_view, std::string_view> kSpkiSha256{
    {"ARK-Milan", "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9"},
    {"SEV-Milan", "42491669ccb851d627ea9846cd24eccbeb7de7c2a62740120fff88001d38ebb6"},
    {"SEV-VLEK-Milan", "66450a123ea5876206df67f2514a4fea224c0f63b18313423078b0edc4535e33"},
    {"ARK-Genoa", "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831"},
    {"SEV-Genoa", "0324d55bcd48ba877a8fd87c0e1b4934dec8448e3807a24384a34dc6a6c9ebb8"},
    {"SEV-VLEK-Genoa", "7d1633252ebbadaa75f96e9b4e6f7d43a90ceb3f843937482630f8da2459264e"},
    {"ARK-Turin", "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08"},
    {"SEV-Turin", "0000ead352025f208bf55297c4192c34cd1b878002107366d8f2065a9ae7d3a9"},
    {"SEV-VLEK-Turin", "bfc441408b2f806c5dbf180bd8920e6e60dd404d82141780d85dbf962954d386"},
};

const std::map<std::string_view, std::uint32_t> kSerials{
    {"ARK-Milan", 0x10000}, {"SEV-Milan", 0x10001}, {"SEV-VLEK-Milan", 0x10101},
    {"ARK-Genoa", 0x20000}, {"SEV-Genoa", 0x20002}, {"SEV-VLEK-Genoa", 0x20101},
    {"ARK-Turin", 0x30000}, {"SEV-Turin", 0x30001}, {"SEV-VLEK-Turin", 0x30101}};

Bytes spki_of(const AmdRoot& root) {
  const Bytes modulus = from_hex(root.modulus_hex).value();
  const Bytes key = der::sequence({der::integer(modulus), der::integer(std::uint64_t{65537})});
  const Bytes algorithm = der::sequence({der::oid("1.2.840.113549.1.1.1"), der::null()});
  return der::sequence({algorithm, der::bit_string(key)});
}

std::string_view file_of(AmdKey kind) {
  if (kind == AmdKey::ark) return "ark";
  return kind == AmdKey::ask ? "ask" : "asvk";
}

std::string folder_of(snp::ProductLine line) {
  std::string out(snp::amd_name(line));
  out[0] = static_cast<char>(out[0] + ('a' - 'A'));
  return out;
}

}  // namespace

TEST_CASE("the fingerprints of the pinned keys are those that AMD's keys have") {
  CHECK(snp::detail::amd_roots().size() == 9);
  for (const AmdRoot& root : snp::detail::amd_roots()) {
    INFO(root.common_name);
    const Bytes spki = spki_of(root);
    CHECK(crypto::sha384({spki}).hex() == root.spki_sha384_hex);
    CHECK(crypto::sha256({spki}).hex() == kSpkiSha256.at(root.common_name));
    CHECK(root.serial == kSerials.at(root.common_name));
  }
}

TEST_CASE("the pinned keys, names and serials are those of AMD's certificates") {
  for (const AmdRoot& root : snp::detail::amd_roots()) {
    INFO(root.common_name);
    const auto certificate = Certificate::parse(
        test::amd_certificate(folder_of(root.line), std::string(file_of(root.kind))),
        Reason::malformed_certificate);
    REQUIRE(certificate);
    CHECK(to_hex(certificate->spki()) == to_hex(spki_of(root)));
    CHECK(to_hex(certificate->subject()) == root.name_hex);
    CHECK(certificate->subject_cn() == root.common_name);
  }
}

TEST_CASE("each line and kind has exactly one issuer without simulators") {
  const RootOfTrust roots = RootOfTrust::amd();
  CHECK_FALSE(roots.has_simulators());
  for (const auto line :
       {snp::ProductLine::milan, snp::ProductLine::genoa, snp::ProductLine::turin}) {
    for (const auto kind : {snp::SigningKeyKind::vcek, snp::SigningKeyKind::vlek}) {
      const auto issuers = roots.issuers(line, kind);
      REQUIRE(issuers.size() == 1);
      CHECK_FALSE(issuers[0]->simulated);
      CHECK(issuers[0]->modulus.size() == 512);
    }
  }
}

TEST_CASE("a simulator root that is no RSA key is refused") {
  const auto roots = RootOfTrust::amd_and_simulators({{snp::ProductLine::milan, {1, 2}, {3}, {4}}});
  REQUIRE_FALSE(roots);
  CHECK(roots.error().reason() == Reason::invalid_policy);
}

}  // namespace ratls
