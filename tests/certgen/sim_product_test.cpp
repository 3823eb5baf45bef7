#include <ratls/certgen/sim/product.h>

#include <catch2/catch_test_macros.hpp>

using namespace ratls::sim;

TEST_CASE("simulated products are read by the names they are written with") {
  for (const Product product : kAllProducts) CHECK(parse_product(name(product)) == product);
  CHECK(parse_product("bergamo-siena") == Product::bergamo_siena);
  CHECK_FALSE(parse_product("").has_value());
  CHECK_FALSE(parse_product("Milan").has_value());
  CHECK_FALSE(parse_product("milano").has_value());
  CHECK_FALSE(parse_product("mila").has_value());
}

TEST_CASE("simulated Bergamo and Siena use Genoa's keys") {
  CHECK(key_line(Product::bergamo_siena) == KeyLine::genoa);
  CHECK(key_line(Product::genoa) == KeyLine::genoa);
  CHECK(certificate_name(key_line(Product::turin)) == "Turin");
}

TEST_CASE("a TCB is laid out as each product does") {
  const Tcb tcb{9, 1, 2, 3, 4};
  using Encoded = std::array<std::uint8_t, 8>;
  const Encoded old_layout{1, 2, 0, 0, 0, 0, 3, 4};
  CHECK(encode(Product::milan, tcb) == old_layout);
  CHECK(encode(Product::genoa, tcb) == old_layout);
  CHECK(encode(Product::bergamo_siena, tcb) == old_layout);
  CHECK(encode(Product::turin, tcb) == Encoded{9, 1, 2, 3, 0, 0, 0, 4});
}

TEST_CASE("recent firmware has the same TCB in all four places, and FMC on Turin only") {
  for (const Product product : kAllProducts) {
    const Firmware firmware = recent_firmware(product);
    CHECK(firmware.reported == firmware.committed);
    CHECK(firmware.committed == firmware.launch);
    CHECK(firmware.launch == firmware.current);
    CHECK((firmware.reported.fmc != 0) == (product == Product::turin));
  }
}
