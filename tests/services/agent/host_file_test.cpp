#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/services/agent/host_file.h>

using namespace ratls;
using ratls::agent::parse_host_file;

TEST_CASE("the host may say where the broker is") {
  const auto* text =
      GENERATE(R"({"broker":"127.0.0.1:8443"})", "{ \"broker\" :\n\t\"127.0.0.1:8443\" }\n");
  const auto got = parse_host_file(as_bytes(text));
  REQUIRE(got);
  CHECK(got->host == "127.0.0.1");
  CHECK(got->port == 8443);
}

TEST_CASE("the host may say nothing else") {
  const auto* text = GENERATE(
      R"({"broker":"a:1","pin":"sha256//x"})", R"({"broker":"a:1","broker":"b:1"})",
      R"({"pin":"x","broker":"a:1"})", R"({"policy":{}})", R"({"BROKER":"a:1"})", R"({})", R"([])",
      R"("a:1")", R"({"broker":1})", R"({"broker":null})", R"({"broker":["a:1"]})",
      R"({"broker":{"a":1}})", R"({"broker":"a:1"}})", R"({"broker":"a:1"} x)",
      R"({"broker":"a:1",})", R"({"broker":"a\u003a1"})", R"({"broker":"a:1)", R"({"broker":)",
      R"({)", "", "   ", "null", R"({'broker':'a:1'})", R"({broker:"a:1"})",
      "\xef\xbb\xbf{\"broker\":\"a:1\"}", R"({"broker":"a:1"}{"broker":"a:1"})", R"({"broker":""})",
      R"({"broker":"a"})", R"({"broker":"a:99999"})");
  CAPTURE(text);
  const auto got = parse_host_file(as_bytes(text));
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::invalid_config);
}

TEST_CASE("a key that the host adds is named in the refusal") {
  const auto second = parse_host_file(as_bytes(R"({"broker":"a:1","measurement":"any"})"));
  REQUIRE_FALSE(second);
  CHECK(second.error().detail().find("\"measurement\" is refused") != std::string::npos);
  const auto twice = parse_host_file(as_bytes(R"({"broker":"a:1","broker":"b:1"})"));
  REQUIRE_FALSE(twice);
  CHECK(twice.error().detail().find("twice") != std::string::npos);
}

TEST_CASE("a host file that is too large or very deep is refused at once") {
  CHECK_FALSE(parse_host_file(Bytes(agent::kMaxHostFile + 1, '{')));
  CHECK_FALSE(parse_host_file(Bytes(100000, '[')));
}

TEST_CASE("every prefix of a host file is refused") {
  const std::string whole = R"({"broker":"127.0.0.1:8443"})";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_host_file(as_bytes(whole).first(size)));
  }
}
