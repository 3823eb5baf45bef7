// PEM: what is read, and what is refused.

#include <ratls/core/pem.h>

#include <catch2/catch_test_macros.hpp>

using namespace ratls;

namespace {

Result<std::vector<Bytes>> read(std::string_view text) {
  return read_pem(as_bytes(text), "CERTIFICATE", Reason::malformed_certificate);
}

constexpr std::string_view kTwo =
    "subject=CN = somebody\n"
    "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"
    "-----BEGIN X509 CRL-----\nBAUG\n-----END X509 CRL-----\r\n"
    "-----BEGIN CERTIFICATE-----\r\nBw==\r\n-----END CERTIFICATE-----";

}  // namespace

TEST_CASE("every PEM block with the label is read in order, and text around them is ignored") {
  const auto blocks = read(kTwo);
  REQUIRE(blocks);
  CHECK(*blocks == std::vector<Bytes>{{1, 2, 3}, {7}});
  CHECK(has_pem(as_bytes(kTwo), "X509 CRL"));
  CHECK_FALSE(has_pem(as_bytes(kTwo), "PRIVATE KEY"));
}

TEST_CASE("damaged PEM is refused with a detail") {
  for (const std::string_view text :
       {"", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAQID\n",
        "-----BEGIN CERTIFICATE-----\nAQ\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nA: b\n\nAQID\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nA*ID\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICAT-----\n",
        "-----BEGIN CERTIFICATE-----\nAQ\x1bID\n-----END CERTIFICATE-----\n"}) {
    INFO(text);
    const auto blocks = read(text);
    REQUIRE_FALSE(blocks);
    CHECK(blocks.error().reason() == Reason::malformed_certificate);
    CHECK_FALSE(blocks.error().detail().empty());
  }
}

TEST_CASE("more than 16 PEM blocks are refused") {
  std::string text;
  for (int i = 0; i < 16; ++i) {
    text += "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
  }
  CHECK(read(text)->size() == 16);
  text += text;
  CHECK_FALSE(read(text));
}
