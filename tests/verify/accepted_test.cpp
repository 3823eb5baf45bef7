// What an accepted report tells, and that a Verifier may be shared.

#include <atomic>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "tests/verify/genuine.h"

namespace ratls {

TEST_CASE("every value of an accepted report is the one that stands in the file") {
  for (const char* name : {"turin/v5-vcek-microsoft", "milan/v3-vlek-aws-trustee"}) {
    const auto genuine = test::genuine_case(name);
    const FixedClock clock(genuine.inside());
    const auto policy = parse_policy(as_bytes(test::policy_for(genuine).dump())).value();
    const Verifier verifier(policy, clock);
    CHECK(verifier.policy().name() == "test");
    const auto outcome = verifier.verify_report(genuine.file());
    REQUIRE(outcome.accepted);
    const AcceptedReport& report = *outcome.accepted;
    CHECK(report.measurement().hex() == genuine.field("measurement"));
    CHECK(report.host_data().hex() == genuine.field("host_data"));
    CHECK(report.report_id().hex() == genuine.field("report_id"));
    CHECK(report.family_id().hex() == genuine.field("family_id"));
    CHECK(report.image_id().hex() == genuine.field("image_id"));
    CHECK(report.id_key_digest().hex() == genuine.field("id_key_digest"));
    CHECK(report.chip_id().hex() == genuine.field("chip_id"));
    CHECK(report.vmpl() == genuine.expected.at("fields").at("vmpl"));
    CHECK(report.tcb().snp == genuine.expected.at("fields").at("reported_tcb").at("snp"));
    CHECK(snp::name(report.product()) == genuine.product());
    CHECK_FALSE(report.evidence_digest().is_zero());
    CHECK_FALSE(report.simulated());
    CHECK(report.covers() == Covers::image);
  }
}

TEST_CASE("an acceptance ends with its endorsement, or with the policy where that ends sooner") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const FixedClock clock(genuine.inside());
  const auto until = [&](const nlohmann::json& policy) {
    const Verifier verifier(parse_policy(as_bytes(policy.dump())).value(), clock);
    const auto outcome = verifier.verify_report(genuine.file());
    REQUIRE(outcome.accepted);
    return outcome.accepted->valid_until();
  };
  nlohmann::json policy = test::policy_for(genuine);
  const Timestamp endorsed = until(policy);
  CHECK(endorsed > genuine.inside());
  const Timestamp sooner{genuine.inside().unix_seconds + 60};
  policy["expires"] = to_rfc3339(sooner);
  CHECK(until(policy) == sooner);
  policy["expires"] = to_rfc3339(Timestamp{endorsed.unix_seconds + 60});
  CHECK(until(policy) == endorsed);
}

TEST_CASE("a file that is no report has no claimed origin") {
  Trail trail(Scope::report);
  ReportFile file;
  const Bytes short_file(7, 1);
  file.report = short_file;
  const auto parsed = ParsedEvidence::from_file(file, trail);
  REQUIRE(parsed);
  CHECK(parsed->claimed_origin().error().reason() == Reason::malformed_report);
}

TEST_CASE("a report that is too short to hold REPORT_DATA is malformed, not a mismatch") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const FixedClock clock(genuine.inside());
  ReportFile file = genuine.file();
  file.report = ByteView(genuine.report).first(100);
  file.expected_report_data = ReportData();
  CHECK(authenticate_report(file, clock).verdict.reason == Reason::malformed_report);
}

TEST_CASE("one verifier gives many threads the same verdicts") {
  const auto good = test::genuine_case("turin/v5-vcek-microsoft");
  const auto bad = test::genuine_case("genoa/v5-vcek-oak");
  const FixedClock clock(good.inside());
  const Verifier verifier(parse_policy(as_bytes(test::policy_for(good).dump())).value(), clock);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        right += verifier.verify_report(good.file()).accepted.has_value() ? 1 : 0;
        right += verifier.verify_report(bad.file()).accepted.has_value() ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 200);
}

}  // namespace ratls
