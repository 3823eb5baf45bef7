// docs/policy.md and the JSON Schema say what the reader does.

#include <set>

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>

#include "tests/support/files.h"
#include "tests/verify/policy_sample.h"

namespace ratls {

namespace {

std::string document(const std::string& name) {
  return to_string(test::read_file(std::string(RATLS_SOURCE_DIR) + "/docs/" + name).value());
}

nlohmann::json schema() {
  return nlohmann::json::parse(document("schema/policy.schema.json"));
}

std::set<std::string> keys_of(const nlohmann::json& object) {
  std::set<std::string> out;
  for (const auto& [key, value] : object.items()) out.insert(key);
  return out;
}

}  // namespace

TEST_CASE("the policy that docs/policy.md shows is a policy") {
  const std::string text = document("policy.md");
  const auto begin = text.find("```json\n{\n  \"$schema\"") + 8;
  const std::string example = text.substr(begin, text.find("\n```", begin) - begin);
  const auto policy = parse_policy(as_bytes(example));
  REQUIRE(policy);
  CHECK(policy->name() == "prod");
  CHECK(policy->dangers().empty());
}

TEST_CASE("schema, document and reader name the same keys") {
  const auto properties = schema().at("properties");
  auto policy = test::policy();
  policy["$schema"] = "";
  policy["clock"] = 1;
  policy["simulator_roots"] = 1;
  CHECK(keys_of(properties) == keys_of(policy));
  const auto guest = properties.at("accept").at("items").at("properties");
  auto rule = test::guest();
  rule["dangerously_accept_milan"] = true;
  rule["tpm_pcrs"] = 1;
  rule["instance_keys"] = 1;
  CHECK(keys_of(guest) == keys_of(rule));
  CHECK(keys_of(guest.at("guest_policy").at("properties")) ==
        keys_of(test::guest().at("guest_policy")));
  const std::string text = document("policy.md");
  for (const std::string& key : keys_of(guest)) CHECK(test::has(text, "`" + key));
  for (const std::string& key : keys_of(properties)) CHECK(test::has(text, "`" + key + "`"));
}

TEST_CASE("every key that the schema requires is required by the reader") {
  const auto rules = schema();
  for (const auto& key : rules.at("required")) {
    auto without = test::policy();
    without.erase(key.get<std::string>());
    CHECK(test::has(test::error_of(without), "is missing"));
  }
  for (const auto& key : rules.at("properties").at("accept").at("items").at("required")) {
    auto without = test::policy();
    without["accept"][0].erase(key.get<std::string>());
    CHECK(test::has(test::error_of(without), "is missing"));
  }
}

}  // namespace ratls
