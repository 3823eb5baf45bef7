// The published JSON Schema under an independent validator (ajv) says what the strict reader says,
// about a table of policies made by changing good ones in every place.

#include <ratls/core/signing_key.h>

#include "tests/support/schema.h"
#include "tests/verify/policy_sample.h"

namespace ratls {

using nlohmann::json;
using test::guest;
using test::k16;
using test::k32;
using test::k48;
using test::k64;
using test::policy;
using test::tcb;

namespace {

// Every kind of decision in its longer form.
json rich() {
  json out = policy();
  auto floor = tcb();
  floor["fmc"] = 1;
  auto& rule = out["accept"][0];
  rule["products"] = {"turin", "milan"};
  rule["min_tcb"] = {{"turin", floor}, {"milan", tcb()}};
  rule["launch_tcb"] = {{"min", rule["min_tcb"]}, {"at_most_current", true}};
  rule["min_firmware"] = {{"turin", "1.55.61"}, {"milan", "1.55.0"}};
  rule["mitigations"] = {{"current", {0, 63}}, {"launch", {1}}};
  rule["guest_policy"]["min_abi"] = "1.51";
  rule["platform_info"] = {{"must", {"ecc_enabled"}}, {"must_not", {"tio_enabled"}}};
  rule["host_data"] = {k32};
  rule["id_key_digests"] = {k48};
  rule["author_key_digests"] = {k48};
  rule["family_ids"] = {k16};
  rule["image_ids"] = {k16};
  rule["denied_chip_ids"] = {k64};
  rule["vlek_csp_ids"] = {"CN=x"};
  rule["dangerously_accept_milan"] = true;
  rule["tpm_pcrs"] = {{"sha256", {{"4", {k32}}}}};
  rule["instance_keys"] = {{"pins", {"sha256//" + std::string(43, 'A') + "="}},
                           {"issuers", {to_hex(SigningKey::generate().value().spki())}}};
  out["expires"] = "2027-01-31T00:00:00Z";
  out["clock"] = {{"max_skew_seconds", 60}, {"not_before", "2026-11-24T00:00:00Z"}};
  return out;
}

std::vector<json> replacements() {
  return {nullptr,
          true,
          false,
          -1,
          0,
          1,
          64,
          256,
          8761,
          4294967296,
          9007199254740992,
          "",
          "any",
          "dangerously_any",
          "dangerously_allow",
          "min_tcb",
          "milan",
          "1.55",
          "1.55.40",
          "01.5",
          k16,
          k48,
          json::array(),
          json::object(),
          json::array({0, 0}),
          json::array({"milan", "genoa"}),
          json::array({k48, 5})};
}

// The document with each value in it replaced, removed, or joined by an unknown key.
void change_everywhere(const json& whole, const json::json_pointer& at, std::vector<json>& out) {
  const json& here = whole.at(at);
  for (const json& other : replacements()) {
    json changed = whole;
    changed[at] = other;
    out.push_back(std::move(changed));
  }
  if (here.is_object()) {
    json more = whole;
    more[at / "unknown"] = 1;
    out.push_back(std::move(more));
    for (const auto& [key, value] : here.items()) {
      json less = whole;
      less[at].erase(key);
      out.push_back(std::move(less));
      change_everywhere(whole, at / key, out);
    }
  }
  for (std::size_t i = 0; here.is_array() && i < here.size(); ++i) {
    change_everywhere(whole, at / i, out);
  }
}

std::vector<json> corpus() {
  std::vector<json> out{policy(), rich()};
  for (const json& base : {policy(), rich()}) {
    change_everywhere(base, json::json_pointer(), out);
  }
  json both = rich();
  both["accept"][0]["platform_info"]["must_not"] = {"ecc_enabled"};
  out.push_back(both);
  json milan = policy();
  milan["accept"][0]["chip_ids"] = "any";
  out.push_back(milan);
  return out;
}

}  // namespace

TEST_CASE("an independent validator of the schema agrees with the strict reader everywhere") {
  const auto documents = corpus();
  const auto said = test::judged_by_schema("policy.schema.json", json(documents).dump());
  if (!said) SKIP("ajv is not here: npm is missing or reaches no registry");
  const auto verdicts = json::parse(*said);
  REQUIRE(verdicts.size() == documents.size());
  std::size_t valid = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto read = parse_policy(as_bytes(documents[i].dump()));
    valid += read ? 1U : 0U;
    if (read.has_value() == verdicts[i].get<bool>()) continue;
    FAIL_CHECK((read ? std::string("only the reader accepts ")
                     : "only the schema accepts (" + read.error().detail() + ") ")
               << json::diff(policy(), documents[i]).dump().substr(0, 400));
  }
  CHECK(documents.size() > 2000);
  CHECK(valid > 50);
}

}  // namespace ratls
