#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/services/kbs/resource.h>

using namespace ratls;
using ratls::kbs::Resource;

TEST_CASE("a resource is the same by its name and by its path") {
  const auto by_uri = Resource::parse_uri("kbs:///agents/llm/api-key");
  REQUIRE(by_uri);
  CHECK(by_uri->repository == "agents");
  CHECK(by_uri->type == "llm");
  CHECK(by_uri->tag == "api-key");
  CHECK(by_uri->target() == "/kbs/v0/resource/agents/llm/api-key");
  const auto by_target = Resource::parse_target(by_uri->target());
  REQUIRE(by_target);
  CHECK(*by_target == *by_uri);
  CHECK(by_target->uri() == "kbs:///agents/llm/api-key");
}

TEST_CASE("two resources that differ in one part are two") {
  const auto one = Resource::parse_uri("kbs:///a/b/c");
  const auto other = Resource::parse_uri("kbs:///a/b/C");
  REQUIRE(one);
  REQUIRE(other);
  CHECK_FALSE(*one == *other);
}

TEST_CASE("a name of another shape is refused") {
  const auto* text = GENERATE("", "kbs://a/b/c", "kbs:///a/b", "kbs:///a/b/c/d", "kbs:///a/b/",
                              "kbs:////b/c", "kbs:///a//c", "kbs:///../b/c", "kbs:///a/./c",
                              "kbs:///a/b/c?x", "kbs:///a/b/c#x", "kbs:///a/b/%63", "kbs:///a/b/c ",
                              "KBS:///a/b/c", "/kbs/v0/resource/a/b/c", "kbs:///a/b/c\n");
  CAPTURE(text);
  const auto got = Resource::parse_uri(text);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::invalid_config);
}

TEST_CASE("a path of another shape is an unknown resource") {
  const auto* text =
      GENERATE("/", "/kbs/v0/resource/a/b", "/kbs/v0/resource/a/b/c/d", "/kbs/v0/resource/../b/c",
               "/kbs/v0/resource/a/b/c?x=1", "/kbs/v0/resource/a/b/%63", "/kbs/v1/resource/a/b/c",
               "//kbs/v0/resource/a/b/c", "/kbs/v0/resource//b/c");
  CAPTURE(text);
  const auto got = Resource::parse_target(text);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::unknown_resource);
}

TEST_CASE("a part of 64 characters is taken and one of 65 is refused") {
  CHECK(Resource::parse_uri("kbs:///a/b/" + std::string(64, 'c')));
  CHECK_FALSE(Resource::parse_uri("kbs:///a/b/" + std::string(65, 'c')));
}
