// The policy language: nothing is unchecked by omission, and errors name the place.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/crypto.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/policy_json.h>

#include "tests/verify/policy_sample.h"
#include "tests/verify/simulated.h"

namespace ratls {

using nlohmann::json;
using test::error_of;
using test::guest;
using test::has;
using test::k32;
using test::k48;
using test::k64;
using test::policy;
using test::tcb;

namespace {

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
      Row{"/expires", "2026-02-30T00:00:00Z", "expires"}, Row{"/clock", 5, "must be an object"},
      Row{"/clock", {{"max_skew_seconds", 3601}, {"not_before", nullptr}}, "max_skew_seconds"},
      Row{"/clock", {{"max_skew_seconds", 1}, {"not_before", "soon"}}, "not_before must be"},
      Row{"/clock", {{"max_skew_seconds", 1}}, "not_before"},
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
      Row{"/accept/0/launch_tcb", true, "launch_tcb must be an object or \"any\""},
      Row{"/accept/0/launch_tcb", {{"min", "any"}}, "\"at_most_current\" is missing"},
      Row{"/accept/0/launch_tcb", {{"min", "all"}, {"at_most_current", true}}, "min must be"},
      Row{"/accept/0/launch_tcb", {{"min", "any"}, {"at_most_current", false}}, "true or \"any\""},
      Row{"/accept/0/launch_tcb",
          {{"min", json::object()}, {"at_most_current", true}},
          "\"milan\" is missing in launch_tcb.min"},
      Row{"/accept/0/launch_tcb",
          {{"min", {{"milan", {{"snp", 1}}}}}, {"at_most_current", true}},
          "\"bootloader\" is missing in launch_tcb.min.milan"},
      Row{"/accept/0/min_firmware", "1.55.40", "must be an object or \"any\""},
      Row{"/accept/0/min_firmware", json::object(), "\"milan\" is missing in min_firmware"},
      Row{"/accept/0/min_firmware", {{"genoa", "1.55.40"}}, "unknown key \"genoa\""},
      Row{"/accept/0/min_firmware", {{"milan", "1.55"}}, "version like \"1.55.40\""},
      Row{"/accept/0/min_firmware", {{"milan", "1.55.256"}}, "version like"},
      Row{"/accept/0/min_firmware", {{"milan", "1.055.2"}}, "version like"},
      Row{"/accept/0/min_firmware", {{"milan", "1.55.-2"}}, "version like"},
      Row{"/accept/0/min_firmware", {{"milan", "1.55.2."}}, "version like"},
      Row{"/accept/0/min_firmware", {{"milan", ""}}, "version like"},
      Row{"/accept/0/min_firmware", {{"milan", 155}}, "must be a string"},
      Row{"/accept/0/mitigations", json::array(), "must be an object or \"any\""},
      Row{"/accept/0/mitigations", {{"current", {1}}}, "\"launch\" is missing in mitigations"},
      Row{"/accept/0/mitigations", {{"current", {64}}, {"launch", json::array()}}, "0 to 63"},
      Row{"/accept/0/mitigations", {{"current", {1, 1}}, {"launch", json::array()}}, "twice"},
      Row{"/accept/0/mitigations", {{"current", json::array()}, {"launch", "any"}}, "a list"},
      Row{"/accept/0/guest_policy/min_abi", nullptr, "must be a string"},
      Row{"/accept/0/guest_policy/min_abi", "1", "version like \"1.55\""},
      Row{"/accept/0/guest_policy/min_abi", "1.55.1", "version like \"1.55\""},
      Row{"/accept/0/family_ids", {k32}, "32 hex digits"},
      Row{"/accept/0/family_ids", json::array(), "must not be empty"},
      Row{"/accept/0/image_ids", "none", "must be a list or \"any\""},
      Row{"/accept/0/min_guest_svn", "any", "whole number of 0 to 4294967295"},
      Row{"/accept/0/min_guest_svn", 4294967296, "whole number of 0 to 4294967295"},
      Row{"/accept/0/denied_chip_ids", "none", "must be a list"},
      Row{"/accept/0/denied_chip_ids", {k48}, "128 hex digits"},
      Row{"/accept/0/chip_ids", "any", "agent-1.4: it accepts Milan on any chip"},
      Row{"/accept/0/dangerously_accept_milan", false, "must be true, or be left out"},
      Row{"/accept/0/dangerously_accept_milan", "yes", "must be true, or be left out"},
      Row{"/accept/0/tpm_pcrs", "any", "must be an object"},
      Row{"/accept/0/tpm_pcrs", {{"sha1", json::object()}}, "sha1"},
      Row{"/accept/0/tpm_pcrs", {{"sha256", json::object()}}, "at least one PCR"},
      Row{"/accept/0/tpm_pcrs", {{"sha256", {{"24", {k32}}}}}, "\"0\" to \"23\""},
      Row{"/accept/0/tpm_pcrs", {{"sha256", {{"07", {k32}}}}}, "\"0\" to \"23\""},
      Row{"/accept/0/tpm_pcrs", {{"sha256", {{"7", json::array()}}}}, "must not be empty"},
      Row{"/accept/0/tpm_pcrs", {{"sha256", {{"7", {k48}}}}}, "64 hex digits"},
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
