// The policy language: nothing is unchecked by omission, and errors name the place.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <nlohmann/json.hpp>

#include <ratls/core/crypto.h>
#include <ratls/verify/detail/json_value.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/policy_json.h>

#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using nlohmann::json;

const std::string k48(96, 'a');
const std::string k32(64, 'b');
const std::string k64(128, 'c');

json tcb() {
  return {{"bootloader", 4}, {"tee", 0}, {"snp", 22}, {"microcode", 213}};
}

json guest() {
  json bits{{"debug", false}, {"migration", false}};
  for (const char* bit : {"smt", "single_socket", "cxl", "aes_256_xts", "rapl_disabled",
                          "ciphertext_hiding", "page_swap_disabled"}) {
    bits[bit] = "any";
  }
  return {{"name", "agent-1.4"},
          {"covers", "image"},
          {"measurements", {k48}},
          {"products", {"milan"}},
          {"min_tcb", {{"milan", tcb()}}},
          {"guest_policy", bits},
          {"vmpl", {0}},
          {"platform_info", "any"},
          {"report_versions", {3, 5}},
          {"host_data", "any"},
          {"id_key_digests", "any"},
          {"author_key_digests", "any"},
          {"chip_ids", "any"},
          {"vlek_csp_ids", json::array()}};
}

json policy() {
  return {{"name", "prod"},
          {"version", 7},
          {"expires", nullptr},
          {"accept", {guest()}},
          {"revocation", {{"mode", "require"}, {"max_age_hours", 24}}}};
}

std::string error_of(const std::string& text) {
  const auto read = parse_policy(as_bytes(text));
  if (read) return "accepted";
  CHECK(read.error().reason() == Reason::invalid_policy);
  return read.error().detail();
}

std::string error_of(const json& value) {
  return error_of(value.dump());
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Row {
  const char* pointer;
  json value;
  const char* says;
};

}  // namespace

TEST_CASE("a complete policy is read as it is written") {
  const std::string text = policy().dump(2);
  const auto read = parse_policy(as_bytes(text));
  REQUIRE(read);
  CHECK(read->name() == "prod");
  CHECK(read->version() == 7);
  CHECK_FALSE(read->expires());
  CHECK(read->dangers().empty());
  CHECK(read->sha256() == crypto::sha256({as_bytes(text)}));
  const auto& rule = detail::data_of(*read).accept.at(0);
  CHECK(rule.name == "agent-1.4");
  CHECK(rule.covers == Covers::image);
  CHECK(rule.measurements.values().at(0).hex() == k48);
  CHECK(rule.floors.at(snp::Product::milan) == snp::Tcb{std::nullopt, 4, 0, 22, 213});
  CHECK(rule.vmpls == std::set<std::uint32_t>{0});
  CHECK(rule.report_versions == std::set<std::uint32_t>{3, 5});
  CHECK(rule.host_data.is_any());
  CHECK_FALSE(rule.csp_ids.is_any());
  CHECK(detail::data_of(*read).revocation->max_age_hours() == 24);
}

TEST_CASE("every decision must be written, in the policy and in each guest") {
  const json whole = policy();
  const json one = guest();
  const json floor = tcb();
  for (const auto& [key, value] : whole.items()) {
    json without = policy();
    without.erase(key);
    INFO(key);
    CHECK(has(error_of(without), "\"" + key + "\" is missing in the policy"));
  }
  for (const auto& [key, value] : one.items()) {
    json without = policy();
    without["accept"][0].erase(key);
    INFO(key);
    CHECK(has(error_of(without), "\"" + key + "\" is missing in a guest"));
  }
  for (const auto& [key, value] : one.at("guest_policy").items()) {
    json without = policy();
    without["accept"][0]["guest_policy"].erase(key);
    INFO(key);
    CHECK(has(error_of(without), "\"" + key + "\" is missing in guest_policy"));
  }
  for (const auto& [key, value] : floor.items()) {
    json without = policy();
    without["accept"][0]["min_tcb"]["milan"].erase(key);
    INFO(key);
    CHECK(has(error_of(without), "\"" + key + "\" is missing in min_tcb.milan"));
  }
}

TEST_CASE("an unknown key is refused at its place, with the nearest known name") {
  const std::string text = "{\n  \"name\": \"x\",\n  \"verison\": 3\n}";
  CHECK(error_of(text) ==
        "line 3, column 3: unknown key \"verison\" in the policy; did you mean \"version\"?");
  json typo = policy();
  typo["accept"][0]["measurments"] = 1;
  CHECK(has(error_of(typo), "did you mean \"measurements\"?"));
  json far = policy();
  far["entirely_else"] = 1;
  CHECK_FALSE(has(error_of(far), "did you mean"));
}

TEST_CASE("a value that is wrong is refused with what it must be") {
  const Row row = GENERATE(
      Row{"/name", "", "name"}, Row{"/name", 3, "must be a string"},
      Row{"/name", "two\nlines", "plain characters"},
      Row{"/name", std::string(129, 'x'), "plain characters"}, Row{"/version", -1, "whole number"},
      Row{"/version", 0, "whole number"}, Row{"/version", 1.5, "whole number"},
      Row{"/version", "7", "whole number"}, Row{"/version", 9007199254740992, "whole number"},
      Row{"/expires", "soon", "expires must be"}, Row{"/expires", 5, "expires must be"},
      Row{"/expires", "2026-02-30T00:00:00Z", "expires"},
      Row{"/accept", json::array(), "must not be empty"}, Row{"/accept", "any", "must be a list"},
      Row{"/accept/0", 5, "must be an object"}, Row{"/accept/0/name", "", "plain characters"},
      Row{"/accept/0/covers", "all", "\"image\" or \"firmware\""},
      Row{"/accept/0/covers", nullptr, "\"image\" or \"firmware\""},
      Row{"/accept/0/measurements", json::array(), "must not be empty"},
      Row{"/accept/0/measurements", "any", "\"dangerously_any\""},
      Row{"/accept/0/measurements/0", std::string(95, 'a'), "96 hex digits, and has 95"},
      Row{"/accept/0/measurements/0", std::string(97, 'a'), "96 hex digits"},
      Row{"/accept/0/measurements/0", std::string(96, 'g'), "96 hex digits"},
      Row{"/accept/0/measurements/0", 5, "must be a string"},
      Row{"/accept/0/products", json::array(), "must not be empty"},
      Row{"/accept/0/products", "any", "must be a list"},
      Row{"/accept/0/products/0", "rome", "milan, genoa, bergamo_siena or turin"},
      Row{"/accept/0/products", {"milan", "milan"}, "twice"},
      Row{"/accept/0/products", {"milan", "genoa"}, "\"genoa\" is missing in min_tcb"},
      Row{"/accept/0/min_tcb/genoa", tcb(), "unknown key \"genoa\" in min_tcb"},
      Row{"/accept/0/min_tcb", "any", "must be an object"},
      Row{"/accept/0/min_tcb/milan/fmc", 1, "unknown key \"fmc\""},
      Row{"/accept/0/min_tcb/milan/snp", 256, "0 to 255"},
      Row{"/accept/0/min_tcb/milan/snp", -1, "0 to 255"},
      Row{"/accept/0/min_tcb/milan/snp", "22", "0 to 255"},
      Row{"/accept/0/guest_policy", "any", "must be an object"},
      Row{"/accept/0/guest_policy/debug", true, "\"dangerously_allow\""},
      Row{"/accept/0/guest_policy/debug", "any", "\"dangerously_allow\""},
      Row{"/accept/0/guest_policy/migration", true, "\"dangerously_allow\""},
      Row{"/accept/0/guest_policy/smt", "yes", "true, false or \"any\""},
      Row{"/accept/0/guest_policy/smt", nullptr, "true, false or \"any\""},
      Row{"/accept/0/vmpl", json::array(), "must not be empty"},
      Row{"/accept/0/vmpl", "any", "must be a list"}, Row{"/accept/0/vmpl", {4}, "0 to 3"},
      Row{"/accept/0/vmpl", {0, 0}, "twice"},
      Row{"/accept/0/platform_info", {}, "must be an object"},
      Row{"/accept/0/platform_info", {{"must", {}}}, "\"must_not\" is missing"},
      Row{"/accept/0/platform_info",
          {{"must", {"alias_check"}}, {"must_not", json::array()}},
          "no such bit"},
      Row{"/accept/0/platform_info",
          {{"must", {"alias_check_complet"}}, {"must_not", json::array()}},
          "did you mean \"alias_check_complete\"?"},
      Row{"/accept/0/platform_info",
          {{"must", {"ecc_enabled"}}, {"must_not", {"ecc_enabled"}}},
          "in must and in must_not"},
      Row{"/accept/0/report_versions", {1}, "2 to 5"},
      Row{"/accept/0/report_versions", {6}, "2 to 5"},
      Row{"/accept/0/report_versions", json::array(), "must not be empty"},
      Row{"/accept/0/host_data", json::array(), "must not be empty"},
      Row{"/accept/0/host_data", {k48}, "64 hex digits"},
      Row{"/accept/0/host_data", "dangerously_any", "\"any\""},
      Row{"/accept/0/id_key_digests", {k32}, "96 hex digits"},
      Row{"/accept/0/author_key_digests", {k32}, "96 hex digits"},
      Row{"/accept/0/chip_ids", {k48}, "128 hex digits"},
      Row{"/accept/0/chip_ids", nullptr, "must be a list"},
      Row{"/accept/0/vlek_csp_ids", {""}, "must not be empty"},
      Row{"/accept/0/vlek_csp_ids", {5}, "must be a string"},
      Row{"/accept/0/vlek_csp_ids", nullptr, "must be a list"},
      Row{"/revocation", "require", "must be an object"},
      Row{"/revocation/mode", "off", "\"require\" or \"accept_missing\""},
      Row{"/revocation/mode", "accept_missing", "belongs to mode"},
      Row{"/revocation", {{"mode", "require"}}, "\"max_age_hours\" is missing"},
      Row{"/revocation/max_age_hours", 0, "1 to 8760"},
      Row{"/revocation/max_age_hours", 8761, "1 to 8760"},
      Row{"/simulator_roots", json::array(), "must not be empty"},
      Row{"/simulator_roots",
          {{{"product", "milan"}, {"ark", ""}, {"ask", ""}, {"asvk", ""}}},
          "SubjectPublicKeyInfo"},
      Row{"/simulator_roots", {{{"product", "milan"}}}, "\"ark\" is missing"});
  json changed = policy();
  changed[json::json_pointer(row.pointer)] = row.value;
  const std::string error = error_of(changed);
  INFO(row.pointer << " = " << row.value.dump() << ": " << error);
  CHECK(has(error, row.says));
}

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

TEST_CASE("relaxations are read, and stand in summary and dangers") {
  json relaxed = policy();
  relaxed["accept"][0]["measurements"] = "dangerously_any";
  relaxed["accept"][0]["guest_policy"]["debug"] = "dangerously_allow";
  relaxed["accept"][0]["guest_policy"]["migration"] = "dangerously_allow";
  const auto read = parse_policy(as_bytes(relaxed.dump()));
  REQUIRE(read);
  CHECK(read->dangers().size() == 3);
  CHECK(has(read->summary(), "DANGER \"agent-1.4\" may run any code"));
  CHECK(has(read->summary(), "DANGER \"agent-1.4\" may be debugged"));
  CHECK(has(read->summary(), "DANGER \"agent-1.4\" may be exported"));
}

TEST_CASE("Turin's floor has an FMC, and every other form of a decision is read") {
  json turin = policy();
  auto& rule = turin["accept"][0];
  rule["products"] = {"turin", "bergamo_siena"};
  auto floor = tcb();
  floor["fmc"] = 1;
  rule["min_tcb"] = {{"turin", floor}, {"bergamo_siena", tcb()}};
  rule["covers"] = "firmware";
  rule["guest_policy"]["smt"] = false;
  rule["guest_policy"]["single_socket"] = true;
  rule["platform_info"] = {{"must", {"alias_check_complete"}}, {"must_not", {"tsme_enabled"}}};
  rule["chip_ids"] = {k64};
  rule["host_data"] = {k32};
  rule["id_key_digests"] = {k48};
  rule["author_key_digests"] = {k48};
  rule["vlek_csp_ids"] = "any";
  turin["expires"] = "2027-01-31T01:00:00+01:00";
  turin["$schema"] = "policy.schema.json";
  turin["revocation"] = {{"mode", "accept_missing"}};
  const auto read = parse_policy(as_bytes(turin.dump()));
  REQUIRE(read);
  CHECK(to_rfc3339(*read->expires()) == "2027-01-31T00:00:00Z");
  const auto& data = detail::data_of(*read).accept.at(0);
  CHECK(data.floors.at(snp::Product::turin).fmc == 1);
  CHECK(data.guest_policy.must == 1U << 20U);
  CHECK(data.guest_policy.must_not == 1U << 16U);
  CHECK(data.platform.must == 1U << 5U);
  CHECK(data.platform.must_not == 1U << 1U);
  CHECK(data.csp_ids.is_any());
  CHECK(data.covers == Covers::firmware);
  CHECK(has(read->summary(), "turin from fmc 1 bl 4"));
}

TEST_CASE("simulator roots are read, and are loud") {
  const test::Simulated world;
  json simulated = policy();
  simulated["simulator_roots"] = {{{"product", "bergamo_siena"},
                                   {"ark", to_hex(world.root.ark)},
                                   {"ask", to_hex(world.root.ask)},
                                   {"asvk", to_hex(world.root.asvk)}}};
  const auto read = parse_policy(as_bytes(simulated.dump()));
  REQUIRE(read);
  CHECK(read->roots().has_simulators());
  REQUIRE(read->dangers().size() == 1);
  CHECK(has(read->dangers()[0], "SIMULATED"));
  simulated["simulator_roots"][0]["ask"] = to_hex(world.root.ask) + "00";
  CHECK(has(error_of(simulated), "ask must be a DER SubjectPublicKeyInfo"));
}

TEST_CASE("two guests of one name are refused") {
  json two = policy();
  two["accept"].push_back(guest());
  CHECK(has(error_of(two), "two guests are called agent-1.4"));
  two["accept"][1]["name"] = "agent-1.5";
  CHECK(error_of(two) == "accepted");
}

}  // namespace ratls
