// Every form that a decision of a policy file can have.

#include <ratls/verify/detail/policy_data.h>

#include "tests/verify/policy_sample.h"

namespace ratls {

using nlohmann::json;
using test::error_of;
using test::guest;
using test::has;
using test::k16;
using test::k32;
using test::k48;
using test::k64;
using test::policy;
using test::tcb;

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
  rule["launch_tcb"] = {{"min", "min_tcb"}, {"at_most_current", true}};
  rule["min_firmware"] = {{"turin", "1.55.61"}, {"bergamo_siena", "1.55.0"}};
  rule["mitigations"] = {{"current", {0, 63}}, {"launch", {1}}};
  rule["guest_policy"]["min_abi"] = "1.51";
  rule["family_ids"] = {k16};
  rule["image_ids"] = {k16};
  rule["min_guest_svn"] = 4294967295;
  rule["denied_chip_ids"] = {k64};
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
  CHECK(data.launch.floors == data.floors);
  CHECK(data.launch.at_most_current);
  CHECK(data.min_firmware.at(snp::Product::turin) == snp::FirmwareVersion{1, 55, 61});
  CHECK(data.mitigations.current == ((std::uint64_t{1} << 63U) | 1U));
  CHECK(data.mitigations.launch == 2);
  CHECK(data.min_abi == snp::AbiVersion{1, 51});
  CHECK(data.family_ids.values().at(0).hex() == k16);
  CHECK(data.image_ids.values().at(0).hex() == k16);
  CHECK(data.min_guest_svn == 4294967295U);
  CHECK(data.denied_chips.at(0).hex() == k64);
  CHECK(has(read->summary(), "mitigations: current 0, 63; at launch 1"));
}

TEST_CASE("Milan on any chip must be written, and is a danger; with a list of chips it is none") {
  json milan = policy();
  CHECK(error_of(milan) == "accepted");
  milan["accept"][0]["chip_ids"] = "any";
  CHECK(has(error_of(milan), "list chip_ids of machines whose history you know"));
  milan["accept"][0]["dangerously_accept_milan"] = true;
  const auto read = parse_policy(as_bytes(milan.dump()));
  REQUIRE(read);
  REQUIRE(read->dangers().size() == 1);
  CHECK(has(read->dangers()[0], "Milan"));
  json genoa = policy();
  auto& rule = genoa["accept"][0];
  rule["products"] = {"genoa"};
  rule["min_tcb"] = {{"genoa", tcb()}};
  rule["chip_ids"] = "any";
  CHECK(error_of(genoa) == "accepted");
  rule["dangerously_accept_milan"] = true;
  CHECK(has(error_of(genoa), "belongs to products with \"milan\""));
}

}  // namespace ratls
