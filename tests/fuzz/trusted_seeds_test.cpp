// The seeds behind a trusted key reach what they are there for.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/support/files.h"
#include "trusted_parts.h"

using namespace ratls;

TEST_CASE("every seed of evidence under a trusted key is accepted") {
  const FixedClock clock(fuzz::kSeedTime);
  std::size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RATLS_CORPUS "/trusted")) {
    INFO(entry.path());
    const Bytes input = test::read_file(entry.path().string()).value();
    const auto parts = fuzz::TrustedParts::read(input);
    REQUIRE(parts);
    ReportFile file{parts->report, parts->endorsement, std::nullopt, std::nullopt};
    if (!parts->crl.empty()) file.crl = parts->crl;
    const auto verdict =
        Verifier(fuzz::policy_for(*parts).value(), clock).verify_report(file).verdict;
    INFO(verdict.text());
    CHECK(verdict.accepted);
    ++seeds;
  }
  CHECK(seeds == 6);
}
