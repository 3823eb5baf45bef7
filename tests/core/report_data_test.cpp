#include <ratls/core/report_data.h>

#include "check.h"

using namespace ratls;

TEST_CASE("REPORT_DATA has its known value") {
  // (printf 'RATLS-SNP-v1\0'; for i in $(seq 0 47); do printf "\\x$(printf %02x $i)"; done) |
  //   openssl dgst -sha512
  const auto root = merkle::Node::from(test::counting(48));
  REQUIRE(root);
  CHECK(report_data_for(*root).hex() ==
        "25e4b24577e602f920a2f0330fcb694a4adb1bb3110b189f2ae87456858fb312"
        "1a1183d7429316eb60dbbd5cd0ad5aafbf00ea58b0b1c7698dd4658d0dfebdae");
}

TEST_CASE("REPORT_DATA changes with each bit of the root") {
  const merkle::Node zero;
  const ReportData original = report_data_for(zero);
  for (std::size_t bit = 0; bit < 384; ++bit) {
    const auto other = merkle::Node::from(test::with_bit_flipped(zero.view(), bit));
    REQUIRE(report_data_for(*other) != original);
  }
}
