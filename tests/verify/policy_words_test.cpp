// Policies in words: advice, differences, and the file that a policy is written to.

#include <algorithm>

#include <ratls/core/signing_key.h>
#include <ratls/verify/policy_review.h>
#include <ratls/verify/snp/bulletins.h>

#include "tests/verify/policy_sample.h"

namespace ratls {

using nlohmann::json;
using test::guest;
using test::has;
using test::k16;
using test::k32;
using test::k48;
using test::k64;
using test::policy;
using test::tcb;

namespace {

Policy read(const json& value) {
  return parse_policy(as_bytes(value.dump())).value();
}

// "WIDENS agent-1.4 text" of every difference.
std::vector<std::string> differences(const json& before, const json& after) {
  std::vector<std::string> out;
  for (const auto& each : compare(read(before), read(after))) {
    out.push_back(std::string(name(each.change)) + " " + each.text);
  }
  return out;
}

struct Row {
  const char* pointer;
  json before;
  json after;
  const char* says;  ///< of after against before
  const char* back;  ///< of before against after
};

}  // namespace

TEST_CASE("a policy that is written to a file and read again has the same decisions") {
  json whole = policy();
  whole["expires"] = "2027-01-31T00:00:00Z";
  whole["clock"] = {{"max_skew_seconds", 60}, {"not_before", "2026-11-24T00:00:00Z"}};
  auto& rule = whole["accept"][0];
  auto floor = tcb();
  floor["fmc"] = 1;
  rule["products"] = {"turin", "milan"};
  rule["min_tcb"] = {{"turin", floor}, {"milan", tcb()}};
  rule["launch_tcb"] = {{"min", rule["min_tcb"]}, {"at_most_current", true}};
  rule["min_firmware"] = {{"turin", "1.55.61"}, {"milan", "1.55.0"}};
  rule["mitigations"] = {{"current", {0, 63}}, {"launch", json::array()}};
  rule["guest_policy"]["min_abi"] = "1.51";
  rule["guest_policy"]["smt"] = false;
  rule["guest_policy"]["cxl"] = true;
  rule["guest_policy"]["debug"] = "dangerously_allow";
  rule["platform_info"] = {{"must", {"ecc_enabled"}}, {"must_not", {"tio_enabled"}}};
  rule["family_ids"] = {k16};
  rule["denied_chip_ids"] = {k64};
  rule["vlek_csp_ids"] = {"CN=a \"quoted\" name"};
  rule["dangerously_accept_milan"] = true;
  rule["tpm_pcrs"] = {{"sha256", {{"4", {k32}}, {"23", {k32, std::string(64, '0')}}}}};
  rule["instance_keys"] = {{"pins", {"sha256//" + std::string(43, 'A') + "="}},
                           {"issuers", {to_hex(SigningKey::generate().value().spki())}}};
  whole["accept"].push_back(guest());
  whole["accept"][1]["name"] = "second";
  whole["accept"][1]["measurements"] = "dangerously_any";
  const Policy first = read(whole);
  const auto second = parse_policy(as_bytes(policy_text(first)));
  REQUIRE(second);
  CHECK(second->summary() == first.summary());
  CHECK(compare(first, *second).empty());
}

TEST_CASE("each widened decision is called so, and each narrowed one") {
  const std::string other48(96, 'e');
  const std::string other64(128, 'e');
  const std::vector<Row> rows{
      {"/accept/0/measurements",
       {k48},
       {k48, other48},
       "WIDENS measurements may be eee",
       "narrows measurements no longer may be eee"},
      {"/accept/0/measurements",
       {k48},
       "dangerously_any",
       "WIDENS measurements: any",
       "narrows measurements: a list"},
      {"/accept/0/min_tcb/milan/snp", 22, 20, "WIDENS milan min_tcb lowered", "raised to bl 4"},
      {"/accept/0/guest_policy/debug", false, "dangerously_allow", "WIDENS DEBUG is accepted",
       "narrows DEBUG is no longer"},
      {"/accept/0/guest_policy/smt", false, "any",
       "WIDENS guest_policy must not have no longer smt", "narrows guest_policy must not have smt"},
      {"/accept/0/guest_policy/min_abi", "1.55", "1.51", "WIDENS min_abi: 1.51", "narrows min_abi"},
      {"/accept/0/guest_policy/min_abi", "1.55", "any", "WIDENS min_abi: any", "narrows min_abi"},
      {"/accept/0/vmpl", {0}, {0, 1}, "WIDENS vmpl may be 1", "narrows vmpl no longer may be 1"},
      {"/accept/0/report_versions", {5}, {2, 5}, "WIDENS report_versions may be 2", "narrows"},
      {"/accept/0/host_data", {k32}, "any", "WIDENS host_data: any", "narrows host_data"},
      {"/accept/0/min_guest_svn", 5, 4, "WIDENS min_guest_svn: 4, was 5", "narrows min_guest_svn"},
      {"/accept/0/denied_chip_ids",
       {other64},
       json::array(),
       "WIDENS denied_chip_ids no longer hold eee",
       "narrows denied_chip_ids hold eee"},
      {"/accept/0/vlek_csp_ids",
       json::array(),
       {"CN=x"},
       "WIDENS vlek_csp_ids may be CN=x",
       "narrows vlek_csp_ids no longer"},
      {"/accept/0/min_firmware",
       {{"milan", "1.55.2"}},
       {{"milan", "1.55.1"}},
       "WIDENS milan min_firmware: 1.55.1, was 1.55.2",
       "narrows milan min_firmware"},
      {"/accept/0/min_firmware",
       {{"milan", "1.55.2"}},
       "any",
       "WIDENS milan min_firmware: any",
       "narrows milan min_firmware"},
      {"/accept/0/launch_tcb",
       {{"min", "min_tcb"}, {"at_most_current", "any"}},
       "any",
       "WIDENS milan launch_tcb is gone",
       "narrows milan launch_tcb is new"},
      {"/accept/0/launch_tcb",
       {{"min", "any"}, {"at_most_current", true}},
       "any",
       "WIDENS a launch TCB above",
       "narrows a launch TCB above"},
      {"/accept/0/mitigations",
       {{"current", {1}}, {"launch", {2}}},
       "any",
       "WIDENS current mitigations must have no longer 1",
       "narrows launch mitigations must have 2"},
      {"/accept/0/platform_info",
       {{"must", {"ecc_enabled"}}, {"must_not", json::array()}},
       "any",
       "WIDENS platform_info must have no longer ecc_enabled",
       "narrows platform_info must have"},
      {"/accept/0/covers", "image", "firmware", "WIDENS covers: firmware", "changes covers: image"},
      {"/expires", "2027-01-01T00:00:00Z", nullptr, "WIDENS expires: never", "narrows expires"},
      {"/clock",
       {{"max_skew_seconds", 5}, {"not_before", nullptr}},
       {{"max_skew_seconds", 60}, {"not_before", nullptr}},
       "WIDENS clock: may be 60 s slow, was 5",
       "narrows clock: may be 5 s slow"},
      {"/clock",
       {{"max_skew_seconds", 0}, {"not_before", "2026-11-24T00:00:00Z"}},
       {{"max_skew_seconds", 0}, {"not_before", nullptr}},
       "WIDENS clock: not before any",
       "narrows clock: not before 2026-11-24T00:00:00Z, was any"},
      {"/revocation",
       {{"mode", "require"}, {"max_age_hours", 24}},
       {{"mode", "accept_missing"}},
       "WIDENS revocation: a missing",
       "narrows revocation: a list"},
      {"/version", 7, 8, "changes version: 8, was 7", "changes version: 7, was 8"},
      {"/name", "prod", "test", "changes name: test", "changes name: prod"}};
  for (const Row& row : rows) {
    json before = policy();
    json after = policy();
    before[json::json_pointer(row.pointer)] = row.before;
    after[json::json_pointer(row.pointer)] = row.after;
    INFO(row.pointer << " " << row.after.dump());
    const auto there = differences(before, after);
    const auto back = differences(after, before);
    const auto says = [](const std::vector<std::string>& texts, const char* part) {
      return std::any_of(texts.begin(), texts.end(),
                         [&](const std::string& text) { return has(text, part); });
    };
    CHECK(says(there, row.says));
    CHECK(says(back, row.back));
    CHECK(differences(before, before).empty());
  }
}

TEST_CASE("new and lost guests, products and simulators are differences") {
  json more = policy();
  more["accept"].push_back(guest());
  more["accept"][1]["name"] = "second";
  CHECK(differences(policy(), more) == std::vector<std::string>{"WIDENS is a new guest"});
  CHECK(differences(more, policy()) == std::vector<std::string>{"narrows is no longer accepted"});
  json product = policy();
  product["accept"][0]["products"] = {"milan", "genoa"};
  product["accept"][0]["min_tcb"]["genoa"] = tcb();
  CHECK(has(differences(policy(), product).at(0), "WIDENS genoa min_tcb is new"));
  CHECK(has(differences(product, policy()).at(0), "narrows genoa min_tcb is gone"));
  json milan = policy();
  milan["accept"][0]["dangerously_accept_milan"] = true;
  CHECK(has(differences(policy(), milan).at(0), "WIDENS Milan on any chip is accepted"));
}

TEST_CASE("what widens stands first") {
  json after = policy();
  after["version"] = 8;
  after["accept"][0]["min_tcb"]["milan"]["snp"] = 23;
  after["accept"][0]["vmpl"] = {0, 1};
  const auto said = differences(policy(), after);
  REQUIRE(said.size() == 3);
  CHECK(has(said[0], "WIDENS vmpl"));
  CHECK(has(said[2], "changes version"));
}

TEST_CASE("a floor below a bulletin's is named with the bulletin, one at it is not") {
  const auto bulletins_of = [](const char* component, int level) {
    json changed = policy();
    changed["accept"][0]["min_tcb"]["milan"] = {
        {"bootloader", 4}, {"tee", 0}, {"snp", 255}, {"microcode", 255}};
    changed["accept"][0]["min_tcb"]["milan"][component] = level;
    std::string out;
    for (const auto& each : review(read(changed)))
      out += each.bulletin.empty() ? "" : each.bulletin + " ";
    return out;
  };
  CHECK(bulletins_of("snp", 29).empty());
  CHECK(bulletins_of("snp", 28) == "AMD-SB-3030 ");
  CHECK(bulletins_of("snp", 22) == "AMD-SB-3015 AMD-SB-3016 AMD-SB-3023 AMD-SB-3030 ");
  CHECK(bulletins_of("microcode", 219).empty());
  CHECK(bulletins_of("microcode", 218) == "AMD-SB-3019 ");
  CHECK(bulletins_of("microcode", 208) == "AMD-SB-3005 AMD-SB-3019 ");
}

TEST_CASE("every number of a bulletin has a source, and every bulletin a number or a note") {
  for (const auto& floor : snp::bulletin_floors()) {
    CHECK_FALSE(floor.source.empty());
    CHECK(floor.level > 0);
    CHECK((floor.component == "snp" || floor.component == "microcode"));
    const auto known = snp::bulletins();
    CHECK(std::any_of(known.begin(), known.end(),
                      [&](const auto& each) { return each.id == floor.bulletin; }));
  }
  for (const auto& bulletin : snp::bulletins()) {
    const auto floors = snp::bulletin_floors();
    const bool number = std::any_of(floors.begin(), floors.end(),
                                    [&](const auto& each) { return each.bulletin == bulletin.id; });
    INFO(bulletin.id);
    CHECK((number || !bulletin.note.empty()));
  }
}

TEST_CASE("what is legal and weak is advised against") {
  json weak = policy();
  auto& rule = weak["accept"][0];
  rule["covers"] = "firmware";
  rule["vmpl"] = {2};
  rule["report_versions"] = {2, 5};
  rule["vlek_csp_ids"] = "any";
  weak["revocation"] = {{"mode", "accept_missing"}};
  std::string said;
  for (const auto& each : review(read(weak))) said += each.text + "\n";
  for (const char* part :
       {"alias_check_complete", "provider's firmware only", "VMPL other than 0", "report version 2",
        "any cloud provider", "never expires", "missing revocation list"}) {
    INFO(part);
    CHECK(has(said, part));
  }
}

}  // namespace ratls
