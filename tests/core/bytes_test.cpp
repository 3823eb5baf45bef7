#include <csignal>
#include <set>
#include <type_traits>

#include "check.h"

using namespace ratls;
using test::counting;

namespace {

using Chip = FixedBytes<4, struct ChipTag>;
using Host = FixedBytes<4, struct HostTag>;

}  // namespace

TEST_CASE("hex is written in lower case, two digits a byte") {
  const Bytes bytes{0x00, 0x0F, 0xA0, 0xFF, 0x9B};
  CHECK(to_hex(bytes) == "000fa0ff9b");
  CHECK(to_hex({}).empty());
}

TEST_CASE("every byte survives hex and back, in either case") {
  for (unsigned value = 0; value < 256; ++value) {
    const Bytes one{static_cast<std::uint8_t>(value)};
    std::string text = to_hex(one);
    REQUIRE(text.size() == 2);
    CHECK(from_hex(text) == one);
    for (char& c : text) c = static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
    CHECK(from_hex(text) == one);
  }
  CHECK(from_hex("") == Bytes{});
}

TEST_CASE("hex with an odd count or any wrong character is nothing") {
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("abc"));
  CHECK_FALSE(from_hex("0x12"));
  CHECK_FALSE(from_hex(" 12"));
  for (unsigned value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    CHECK(from_hex(std::string{c, '0'}).has_value() == digit);
    CHECK(from_hex(std::string{'0', c}).has_value() == digit);
  }
}

TEST_CASE("a string and its bytes are the same, NUL and high bytes too") {
  const std::string text("a\0\xFFz", 4);
  const ByteView view = as_bytes(text);
  CHECK(Bytes(view.begin(), view.end()) == Bytes{0x61, 0x00, 0xFF, 0x7A});
  CHECK(to_string(view) == text);
  CHECK(to_string({}).empty());
}

TEST_CASE("constant-time comparison sees each differing bit and each length") {
  const Bytes bytes = counting(64);
  CHECK(equal_ct(bytes, Bytes(bytes)));
  CHECK(equal_ct({}, {}));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    CHECK_FALSE(equal_ct(bytes, test::with_bit_flipped(bytes, bit)));
  }
  CHECK_FALSE(equal_ct(bytes, ByteView(bytes).first(63)));
  CHECK_FALSE(equal_ct(bytes, {}));
}

TEST_CASE("zero means every bit is zero") {
  const Bytes zeros(33);
  CHECK(is_zero(zeros));
  CHECK(is_zero({}));
  for (std::size_t bit = 0; bit < zeros.size() * 8; ++bit) {
    CHECK_FALSE(is_zero(test::with_bit_flipped(zeros, bit)));
  }
}

TEST_CASE("append adds at the end and nothing for nothing") {
  Bytes to{1, 2};
  append(to, Bytes{3, 4, 5});
  append(to, {});
  CHECK(to == Bytes{1, 2, 3, 4, 5});
}

TEST_CASE("copying needs equal sizes: anything else is a bug and aborts") {
  const Bytes from = counting(8, 1);
  Bytes to(8);
  copy_bytes(from, to);
  CHECK(to == from);
  copy_bytes({}, {});
  CHECK(test::signal_of([&] { copy_bytes(ByteView(from).first(7), to); }) == SIGABRT);
  CHECK(test::signal_of([&] { copy_bytes(from, std::span(to).first(7)); }) == SIGABRT);
}

TEST_CASE("copying onto an overlapping place moves the bytes") {
  Bytes bytes = counting(8);
  copy_bytes(ByteView(bytes).first(6), std::span(bytes).last(6));
  CHECK(bytes == Bytes{0, 1, 0, 1, 2, 3, 4, 5});
}

TEST_CASE("fixed bytes come from exactly their size") {
  const auto chip = Chip::from(Bytes{1, 2, 3, 4});
  REQUIRE(chip);
  CHECK(chip->hex() == "01020304");
  CHECK(chip->array() == std::array<std::uint8_t, 4>{1, 2, 3, 4});
  CHECK(Bytes(chip->view().begin(), chip->view().end()) == Bytes{1, 2, 3, 4});
  CHECK_FALSE(Chip::from(Bytes{1, 2, 3}));
  CHECK_FALSE(Chip::from(Bytes{1, 2, 3, 4, 5}));
  CHECK_FALSE(Chip::from({}));
}

TEST_CASE("fixed bytes from hex need exactly twice their size in digits") {
  CHECK(Chip::parse_hex("DEADbeef")->hex() == "deadbeef");
  CHECK_FALSE(Chip::parse_hex("deadbee"));
  CHECK_FALSE(Chip::parse_hex("deadbeef00"));
  CHECK_FALSE(Chip::parse_hex("deadbexx"));
  CHECK_FALSE(Chip::parse_hex(""));
}

TEST_CASE("fixed bytes start as zero, can be written, and are ordered for containers") {
  Chip chip;
  CHECK(chip.is_zero());
  chip.mutable_view()[3] = 1;
  CHECK_FALSE(chip.is_zero());
  CHECK(chip == Chip({0, 0, 0, 1}));
  CHECK(Chip({0, 0, 0, 9}) < Chip({0, 0, 1, 0}));
  CHECK(std::set<Chip>{chip, chip, Chip{}}.size() == 2);
}

TEST_CASE("fixed bytes of one size and another meaning do not mix") {
  STATIC_CHECK_FALSE(std::is_convertible_v<Chip, Host>);
  STATIC_CHECK_FALSE(std::is_assignable_v<Chip&, const Host&>);
  STATIC_CHECK_FALSE(std::is_convertible_v<std::array<std::uint8_t, 4>, Chip>);
}
