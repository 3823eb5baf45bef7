// The record: its texts, its JSON, and what it never says.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <ratls/core/json.h>
#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "tests/verify/genuine.h"

namespace ratls {

namespace {

Verdict sample() {
  Verdict out;
  out.scope = Scope::report;
  out.reason = Reason::measurement_not_allowed;
  out.policy = PolicyId{"prod", 7, Sha256Digest()};
  out.peer.add({"product", "\"milan\""});
  out.peer.add({"vmpl", "0"});
  out.checks = {{"report", CheckStatus::pass, "version 5", "", ""},
                {"measurement", CheckStatus::fail, "4f1c", "one of 2", "a hint",
                 Reason::measurement_not_allowed},
                {"host_data", CheckStatus::skipped, "", "", "an earlier check failed"}};
  out.timing = {{"parse", 100}, {"policy", 1850}};
  return out;
}

Verdict genuine_verdict(const std::function<void(nlohmann::json&)>& change = [](auto&) {}) {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  auto text = test::policy_for(genuine);
  change(text);
  const FixedClock clock(genuine.inside());
  const auto policy = parse_policy(as_bytes(text.dump())).value();
  return Verifier(policy, clock).verify_report(genuine.file()).verdict;
}

}  // namespace

TEST_CASE("the JSON of a verdict is ratls.verdict/1, key by key") {
  CHECK(
      sample().json() ==
      R"({"schema":"ratls.verdict/1","accepted":false,"authentic":false,"simulated":false,"scope":"report",)"
      R"("reason":"measurement_not_allowed","policy":{"name":"prod","version":7,"sha256":)"
      R"("0000000000000000000000000000000000000000000000000000000000000000"},)"
      R"("peer":{"product":"milan","vmpl":0},"checks":[)"
      R"({"id":"report","status":"pass","got":"version 5","want":null,"hint":null,"reason":null},)"
      R"({"id":"measurement","status":"fail","got":"4f1c","want":"one of 2","hint":"a hint",)"
      R"("reason":"measurement_not_allowed"},)"
      R"({"id":"host_data","status":"skipped","got":null,"want":null,)"
      R"("hint":"an earlier check failed","reason":null}],)"
      R"("timing_us":{"total":1950,"parse":100,"policy":1850}})");
}

TEST_CASE("the text of a verdict has one line a check, got want hint on failures, verdict last") {
  CHECK(sample().text() ==
        " ok    report           version 5\n"
        " FAIL  measurement      got   4f1c\n"
        "                        want  one of 2\n"
        "                        hint  a hint\n"
        "                        see   docs/reasons.md#measurement_not_allowed\n"
        " skip  host data        an earlier check failed\n"
        "REJECTED  measurement_not_allowed   1 of 2 checks passed, 1.9 ms\n");
}

TEST_CASE("an accepted file says in text that it is bound to no session") {
  const auto verdict = genuine_verdict();
  CHECK(verdict.accepted);
  const std::string text = verdict.text();
  CHECK(text.find("Not bound to a session") != std::string::npos);
  CHECK(text.find("ACCEPTED  test version 3") != std::string::npos);
  CHECK(text.back() == '\n');
}

TEST_CASE("authenticity alone is never called an acceptance") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const FixedClock clock(genuine.inside());
  const auto verdict = authenticate_report(genuine.file(), clock).verdict;
  CHECK(verdict.text().find("AUTHENTIC  no policy was applied") != std::string::npos);
  CHECK(verdict.text().find("ACCEPTED") == std::string::npos);
  const auto json = nlohmann::json::parse(verdict.json());
  CHECK(json.at("scope") == "authenticity");
  CHECK(json.at("policy").is_null());
  CHECK(json.at("accepted") == false);
  CHECK(json.at("authentic") == true);
  CHECK(json.at("reason").is_null());
}

TEST_CASE("a genuine report that a policy refuses is authentic and not accepted") {
  const auto verdict = genuine_verdict([](auto& policy) { policy["accept"][0]["vmpl"] = {3}; });
  CHECK(verdict.authentic);
  CHECK_FALSE(verdict.accepted);
  CHECK(verdict.text().find("see   docs/reasons.md#vmpl_not_allowed") != std::string::npos);
}

TEST_CASE("a report that was altered is neither authentic nor accepted") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  Bytes altered = genuine.report;
  altered[0x90] ^= 1;
  ReportFile file = genuine.file();
  file.report = altered;
  const FixedClock clock(genuine.inside());
  const auto outcome = authenticate_report(file, clock);
  CHECK_FALSE(outcome.verdict.authentic);
  CHECK_FALSE(outcome.verdict.accepted);
  CHECK_FALSE(outcome.accepted);
}

TEST_CASE("the JSON of a genuine verdict parses, and holds checks in order and peer and times") {
  const auto json = nlohmann::json::parse(genuine_verdict().json());
  CHECK(json.at("accepted") == true);
  CHECK(json.at("reason").is_null());
  CHECK(json.at("policy").at("name") == "test");
  CHECK(json.at("peer").at("product") == "turin");
  CHECK(json.at("peer").at("reported_tcb").at("fmc") == 1);
  CHECK(json.at("peer").at("guest") == "the guest");
  CHECK(json.at("peer").at("covers") == "image");
  CHECK(json.at("timing_us").at("total").is_number_unsigned());
  std::vector<std::string> ids;
  for (const auto& check : json.at("checks")) ids.push_back(check.at("id"));
  CHECK(ids ==
        std::vector<std::string>{
            "binding",    "report",       "endorsement",  "signing_key",    "product",
            "chain",      "chip_id",      "endorsed_tcb", "signature",      "validity",
            "revocation", "policy",       "tcb_order",    "report_version", "accepted_product",
            "tcb",        "launch_tcb",   "firmware",     "mitigations",    "debug",
            "migration",  "guest_policy", "guest_abi",    "vmpl",           "platform",
            "chip",       "denied_chip",  "csp",          "host_data",      "id_key",
            "author_key", "family_id",    "image_id",     "guest_svn",      "measurement"});
}

TEST_CASE("the reason is that of the first failed check") {
  const auto verdict = genuine_verdict([](auto& policy) {
    policy["accept"][0]["vmpl"] = {3};
    policy["accept"][0]["measurements"] = {std::string(96, '0')};
  });
  CHECK_FALSE(verdict.accepted);
  CHECK(verdict.reason == Reason::vmpl_not_allowed);
  CHECK(verdict.find("measurement")->status == CheckStatus::fail);
  CHECK(verdict.find("nothing") == nullptr);
}

TEST_CASE("a trail that nobody failed and nobody accepted is refused as a bug") {
  Trail trail(Scope::session);
  trail.phase("parse");
  const Verdict verdict = std::move(trail).finish(false);
  CHECK_FALSE(verdict.accepted);
  CHECK(verdict.reason == Reason::internal);
  for (const Check& check : verdict.checks) CHECK(check.status == CheckStatus::skipped);
}

TEST_CASE("a failed check can never be accepted") {
  Trail trail(Scope::session);
  const Error error = trail.fail("chain", Error(Reason::chain_untrusted));
  CHECK(error.reason() == Reason::chain_untrusted);
  const Verdict verdict = std::move(trail).finish(true);
  CHECK_FALSE(verdict.accepted);
  CHECK(verdict.reason == Reason::chain_untrusted);
}

TEST_CASE("JSON strings are valid whatever bytes they are made of") {
  CHECK(json::quoted("a\"b\\c\nd") == R"("a\"b\\c\nd")");
  CHECK(json::quoted(std::string("\0\x1b\xff", 3)) == "\"\\u0000\\u001b\\u00ff\"");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(nlohmann::json::accept(json::quoted(all)));
  json::Object object;
  object.text_or_null("a", "").boolean("b", true).null("c").number("d", 5);
  CHECK(object.str() == R"({"a":null,"b":true,"c":null,"d":5})");
  CHECK(json::array({}) == "[]");
}

}  // namespace ratls
