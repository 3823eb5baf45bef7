// The policy language as JSON: what is no strict JSON, and where errors point.

#include <ratls/verify/detail/json_value.h>

#include "tests/verify/policy_sample.h"

namespace ratls {

using nlohmann::json;
using test::error_of;
using test::has;
using test::policy;

TEST_CASE("errors name line and column") {
  CHECK(error_of(std::string("")) == "line 1, column 1: not JSON");
  CHECK(error_of(std::string("{\n\"name\": tru\n}")).starts_with("line 2, column"));
  CHECK(error_of(std::string("{\"name\": \"a\",\n \"name\": \"b\"}")) ==
        "line 2, column 2: a key stands there twice: \"name\"");
  std::string text = policy().dump(2);
  const auto at = text.find("\"milan\": {");
  REQUIRE(at != std::string::npos);
  text.replace(text.find("213"), 3, "999");
  const std::string error = error_of(text);
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<long>(text.find("999")), '\n');
  CHECK(error.starts_with("line " + std::to_string(line) + ", column "));
}

TEST_CASE("what is no strict JSON is refused") {
  for (const char* bad :
       {"{", "[]", "null", "{} {}", "{}x", "// hi\n{}", "{\"a\":1,}", "{'name':1}", "{\"name\":01}",
        "{\"name\":NaN}", "\xff\xfe", "{\"name\":\"\xc3\"}", "{\"name\":\"\\ud800\"}", "\x00"}) {
    INFO(bad);
    CHECK(error_of(std::string(bad)) != "accepted");
  }
}

TEST_CASE("a byte order mark, and a zero byte with anything behind it, are refused") {
  const std::string good = policy().dump();
  REQUIRE(error_of(good) == "accepted");
  CHECK(has(error_of("\xef\xbb\xbf" + good), "a byte order mark"));
  const std::string zero(1, '\0');
  CHECK(has(error_of(good + zero), "a zero byte"));
  CHECK(has(error_of(good + zero + "{\"accept\":[]}"), "a zero byte"));
  CHECK(has(error_of(zero + good), "line 1, column 1: a zero byte"));
}

TEST_CASE("100,000 levels, 2^40 digits' worth of number and oversize files are refused at once") {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 40'000; ++i) deep += open;
    CHECK(has(error_of(deep), "nested more than 16 deep"));
  }
  CHECK(has(error_of(std::string(100'000, '[')), "nested more than 16 deep"));
  json big = policy();
  std::string text = big.dump();
  const auto at = text.find("\"version\":7") + 10;
  CHECK(error_of(std::string(text).replace(at, 1, std::string(1000, '9'))) != "accepted");
  text.replace(at, 1, std::string(300, '9'));
  CHECK(has(error_of(text), "version must be a whole number"));
  CHECK(error_of(std::string(detail::kMaxJsonSize + 1, ' ')) == "more than 256 KiB");
}

TEST_CASE("nesting of exactly 16 is read, of 17 is not") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(detail::parse_json(as_bytes(nested(16)), Reason::invalid_policy));
  CHECK_FALSE(detail::parse_json(as_bytes(nested(17)), Reason::invalid_policy));
}

TEST_CASE("every prefix of a policy is refused") {
  const std::string text = policy().dump();
  for (std::size_t size = 0; size < text.size(); ++size) {
    if (error_of(text.substr(0, size)) == "accepted") FAIL_CHECK(size);
  }
}

TEST_CASE("raw text from a file does not reach the error") {
  const std::string error = error_of(std::string("{\"\\u001b[31m\\u0007\": 1}"));
  CHECK_FALSE(has(error, "\x1b"));
  CHECK(has(error, "?[31m?"));
}

}  // namespace ratls
