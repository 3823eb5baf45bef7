// Every genuine case gives the verdict that its expected.json names.

#include <map>

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "tests/support/files.h"
#include "tests/verify/genuine.h"

namespace ratls {

namespace {

using test::GenuineCase;

// Which check refuses the genuine-but-wrong combinations.
const std::map<std::string, Reason>& invalid_reasons() {
  static const std::map<std::string, Reason> reasons{
      {"milan/neg-vcek-forged-raw-hwid", Reason::chain_untrusted},
      {"milan/neg-vcek-other-chip-azure", Reason::chip_id_mismatch},
      {"milan/neg-vcek-reported-as-vlek-chain", Reason::signing_key_mismatch},
      {"milan/neg-vlek-for-vcek-report", Reason::signing_key_mismatch},
      {"genoa/neg-turin-vcek-for-genoa", Reason::product_mismatch},
  };
  return reasons;
}

// SIGNATURE padding and tail, SIGNING_KEY and friends: what each derived file is refused for.
Reason derived_reason(const std::string& file) {
  if (file.starts_with("version-")) return Reason::unsupported_version;
  if (file.starts_with("sigalgo-")) return Reason::unsupported_algorithm;
  if (file == "signing-key-none.bin") return Reason::unsigned_report;
  for (const char* shape : {"signing-key-reserved", "reserved-", "sig-r-pad", "sig-s-pad",
                            "sig-tail", "truncated-", "trailing-", "empty"}) {
    if (file.starts_with(shape)) return Reason::malformed_report;
  }
  return Reason::signature_invalid;
}

}  // namespace

TEST_CASE("every genuine report with its certificate is authentic inside its validity") {
  int seen = 0;
  for (const GenuineCase& genuine : test::genuine_cases()) {
    if (!genuine.valid()) continue;
    INFO(genuine.name);
    const FixedClock clock(genuine.inside());
    const auto outcome = authenticate_report(genuine.file(), clock);
    INFO(outcome.verdict.text());
    CHECK(outcome.verdict.authentic);
    CHECK(outcome.accepted.has_value());
    CHECK_FALSE(outcome.verdict.simulated);
    ++seen;
  }
  CHECK(seen == 22);
}

TEST_CASE("every genuine report is accepted by a policy made for it") {
  for (const GenuineCase& genuine : test::genuine_cases()) {
    if (!genuine.valid()) continue;
    INFO(genuine.name);
    const FixedClock clock(genuine.inside());
    const auto policy = parse_policy(as_bytes(test::policy_for(genuine).dump()));
    REQUIRE(policy);
    const auto outcome = Verifier(*policy, clock).verify_report(genuine.file());
    INFO(outcome.verdict.text());
    REQUIRE(outcome.accepted);
    CHECK(outcome.accepted->measurement().hex() == genuine.field("measurement"));
    CHECK(outcome.accepted->chip_id().hex() == genuine.field("chip_id"));
    CHECK(snp::name(outcome.accepted->product()) == genuine.product());
  }
}

TEST_CASE("a report with the wrong certificate is refused for what is wrong with it") {
  std::size_t seen = 0;
  for (const GenuineCase& genuine : test::genuine_cases()) {
    if (genuine.expected.at("class_") != "invalid") continue;
    INFO(genuine.name);
    const FixedClock clock(genuine.inside());
    const auto outcome = authenticate_report(genuine.file(), clock);
    CHECK_FALSE(outcome.accepted);
    REQUIRE(outcome.verdict.reason);
    CHECK(code(*outcome.verdict.reason) == code(invalid_reasons().at(genuine.name)));
    ++seen;
  }
  CHECK(seen == invalid_reasons().size());
}

TEST_CASE("a report without a certificate is parsed and refused for the missing endorsement") {
  int seen = 0;
  for (const GenuineCase& genuine : test::genuine_cases()) {
    if (genuine.expected.at("class_") != "unverifiable") continue;
    INFO(genuine.name);
    const FixedClock clock(genuine.inside());
    const auto outcome = authenticate_report(genuine.file(), clock);
    CHECK_FALSE(outcome.accepted);
    CHECK(outcome.verdict.reason == Reason::missing_endorsement);
    CHECK(outcome.verdict.find("report")->status == CheckStatus::pass);
    CHECK(outcome.verdict.find("chain")->status == CheckStatus::skipped);
    ++seen;
  }
  CHECK(seen == 5);
}

TEST_CASE("every derived report is refused, but for the other form of the same signature") {
  for (const char* product : {"milan-v3", "turin-v5"}) {
    const auto vectors = test::shared_vectors();
    if (!vectors) SKIP("the genuine evidence (../shared/vectors) is not here");
    const std::string folder = *vectors + "/derived/from-" + product;
    const auto expected = nlohmann::json::parse(test::read_file(folder + "/expected.json").value());
    const GenuineCase base = test::genuine_case(expected.at("base").get<std::string>());
    const FixedClock clock(base.inside());
    for (const auto& [file, entry] : expected.at("files").items()) {
      INFO(folder << "/" << file << ": " << entry.at("why"));
      const Bytes report = test::read_file(folder + "/" + file).value();
      ReportFile shown = base.file();
      shown.report = report;
      const auto outcome = authenticate_report(shown, clock);
      if (file == "sig-s-negated.bin") {
        // ECDSA has two valid signatures for each; which is why the digest of evidence is no
        // replay key.
        CHECK(outcome.verdict.authentic);
        continue;
      }
      CHECK_FALSE(outcome.accepted);
      REQUIRE(outcome.verdict.reason);
      CHECK(code(*outcome.verdict.reason) == code(derived_reason(file)));
    }
  }
}

}  // namespace ratls
