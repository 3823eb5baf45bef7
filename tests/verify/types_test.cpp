// The vocabulary: names, texts, and the order that TCBs have.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/snp/types.h>

namespace ratls::snp {

TEST_CASE("a TCB is at least another only where every component is") {
  const Tcb floor{std::nullopt, 4, 0, 22, 213};
  CHECK(Tcb{std::nullopt, 4, 0, 22, 213}.at_least(floor));
  CHECK(Tcb{std::nullopt, 5, 1, 23, 214}.at_least(floor));
  CHECK_FALSE(Tcb{std::nullopt, 3, 255, 255, 255}.at_least(floor));
  CHECK_FALSE(Tcb{std::nullopt, 255, 0, 21, 255}.at_least(floor));
  CHECK_FALSE(Tcb{std::nullopt, 255, 255, 255, 212}.at_least(floor));
  CHECK_FALSE(Tcb{std::nullopt, 4, 0, 22, 213}.at_least({std::nullopt, 4, 1, 22, 213}));
}

TEST_CASE("a TCB with an FMC and one without are not comparable") {
  const Tcb turin{1, 1, 1, 4, 81};
  const Tcb milan{std::nullopt, 1, 1, 4, 81};
  CHECK_FALSE(turin.at_least(milan));
  CHECK_FALSE(milan.at_least(turin));
  CHECK_FALSE(turin == milan);
  CHECK(turin.at_least({0, 1, 1, 4, 81}));
  CHECK_FALSE(turin.at_least({2, 1, 1, 4, 81}));
  CHECK_FALSE(milan.shortfall(turin).empty());
}

TEST_CASE("a TCB reads as people write it, and says what it is short of") {
  CHECK(Tcb{std::nullopt, 4, 0, 22, 213}.text() == "bl 4 tee 0 snp 22 ucode 213");
  CHECK(Tcb{1, 1, 1, 4, 81}.text() == "fmc 1 bl 1 tee 1 snp 4 ucode 81");
  const Tcb floor{std::nullopt, 4, 0, 23, 215};
  CHECK(Tcb{std::nullopt, 4, 0, 22, 213}.shortfall(floor) ==
        "snp is 1 short of 23, microcode is 2 short of 215");
  CHECK(Tcb{std::nullopt, 4, 0, 23, 215}.shortfall(floor).empty());
}

TEST_CASE("every product has a name that reads back, and a line of keys") {
  for (const Product product : all_products()) CHECK(parse_product(name(product)) == product);
  CHECK_FALSE(parse_product("rome"));
  CHECK_FALSE(parse_product("Milan"));
  CHECK(line_of(Product::bergamo_siena) == ProductLine::genoa);
  CHECK(amd_name(ProductLine::turin) == "Turin");
}

TEST_CASE("guest policy and platform info name their bits") {
  CHECK(GuestPolicy{0xb0000}.text() == "debug on, migration off, smt on");
  CHECK(GuestPolicy{0x2120000}.text() ==
        "debug off, migration off, smt off, single_socket on, "
        "page_swap_disabled on");
  CHECK(PlatformInfo{0x65}.text() ==
        "smt_enabled, ecc_enabled, alias_check_complete, iommu_write_safe");
  CHECK(PlatformInfo{0}.text() == "none");
  CHECK(PlatformInfo{0x1ff}.unknown() == 0x100);
  CHECK(GuestPolicy{0x3011f}.abi() == AbiVersion{1, 31});
  CHECK(GuestPolicy{0x3011f}.abi().text() == "1.31");
}

TEST_CASE("firmware versions are ordered and readable") {
  CHECK(FirmwareVersion{1, 55, 9} < FirmwareVersion{1, 55, 65});
  CHECK(FirmwareVersion{1, 55, 65}.text() == "1.55.65");
}

}  // namespace ratls::snp
