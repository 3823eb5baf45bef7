#include <ratls/core/base64.h>

#include "check.h"

using namespace ratls;

TEST_CASE("base64 of RFC 4648's examples is written and read") {
  for (const auto& [plain, encoded] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}}) {
    CHECK(to_base64(as_bytes(plain)) == encoded);
    const auto back = from_base64(encoded);
    REQUIRE(back);
    CHECK(to_string(*back) == plain);
  }
  CHECK(to_base64(test::hex("fbff")) == "+/8=");
}

TEST_CASE("every length up to 300 survives base64") {
  for (std::size_t size = 0; size < 300; ++size) {
    const Bytes bytes = test::counting(size, 200);
    const std::string text = to_base64(bytes);
    CHECK(text.size() == (size + 2) / 3 * 4);
    CHECK(from_base64(text) == bytes);
  }
}

TEST_CASE("base64 with wrong characters, padding, length or stray bits is nothing") {
  for (const std::string_view text :
       {"Z",    "Zg",   "Zg=",      "Zg===", "Zm8",   "Zm8==",  "=",
        "====", "Z===", "Zg==Zg==", "Zg== ", " Zg==", "Zm9v\n", "Zm\n9v",
        "Zm-v", "Zm_v", "Zm*v",     "Zh==",  "Zm9=",  "Zm9vA",  "Zm9v="}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text));
  }
  CHECK_FALSE(from_base64(std::string_view("Zm\0v", 4)));
  CHECK_FALSE(from_base64(std::string_view("Zm9v\0", 5)));
}

TEST_CASE("each character of four is base64 exactly where the alphabet has it") {
  const std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (unsigned value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool known = alphabet.find(c) != alphabet.npos;
    CAPTURE(value);
    CHECK(from_base64(std::string{c, 'A', 'A', 'A'}).has_value() == known);
    CHECK(from_base64(std::string{'A', c, 'A', 'A'}).has_value() == known);
    CHECK(from_base64(std::string{'A', 'A', c, 'A'}).has_value() == known);
    // In the last place stands the padding as well.
    CHECK(from_base64(std::string{'A', 'A', 'A', c}).has_value() == (known || c == '='));
  }
}
