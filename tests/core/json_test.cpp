#include <ratls/core/json.h>

#include <nlohmann/json.hpp>

#include "check.h"

using namespace ratls;

TEST_CASE("plain text is only quoted") {
  CHECK(json::quoted("") == "\"\"");
  CHECK(json::quoted("tcb_below_floor: 3 < 4") == "\"tcb_below_floor: 3 < 4\"");
}

TEST_CASE("what JSON or a terminal could take for something else is escaped") {
  CHECK(json::quoted("a\"b\\c\nd") == R"("a\"b\\c\nd")");
  CHECK(json::quoted(std::string_view("\0\x1b\x7f\xff\t", 5)) ==
        R"("\u0000\u001b\u007f\u00ff\u0009")");
}

TEST_CASE("every byte makes valid JSON, and ASCII comes back") {
  for (unsigned value = 0; value < 256; ++value) {
    const std::string one(1, static_cast<char>(value));
    const std::string out = json::quoted(one);
    CHECK(out.find_first_of('\n') == out.npos);
    const auto parsed = nlohmann::json::parse(out, nullptr, false);
    REQUIRE(parsed.is_string());
    if (value < 0x80) CHECK(parsed.get<std::string>() == one);
  }
}

TEST_CASE("an object keeps the order of its members") {
  json::Object out;
  CHECK(out.str() == "{}");
  out.text("z", "last\n").number("a", 18446744073709551615U).boolean("yes", true);
  out.boolean("no", false).null("none").raw("list", json::array({"1", "\"two\"", "[]"}));
  out.text_or_null("empty", "").text_or_null("full", "x");
  CHECK(out.str() == R"({"z":"last\n","a":18446744073709551615,"yes":true,"no":false,"none":null,)"
                     R"("list":[1,"two",[]],"empty":null,"full":"x"})");
  CHECK(nlohmann::json::parse(out.str()).at("a") == 18446744073709551615U);
}

TEST_CASE("keys are escaped as well") {
  CHECK(json::Object().number("a\"b", 0).str() == R"({"a\"b":0})");
}

TEST_CASE("arrays hold what they are given") {
  CHECK(json::array({}) == "[]");
  CHECK(json::array({"1"}) == "[1]");
  CHECK(json::array({"1", "null", "{}"}) == "[1,null,{}]");
}
