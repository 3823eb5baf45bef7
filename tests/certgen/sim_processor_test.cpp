#include <ratls/certgen/sim/processor.h>

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/attester.h>
#include <ratls/core/crypto.h>
#include <ratls/core/x509.h>

#include "../support/report_sources.h"
#include "../support/sim_folder.h"
#include "evidence_fixture.h"
#include "sim_fixture_check.h"

using namespace ratls;
using namespace ratls::sim;
using namespace std::chrono_literals;

namespace {

const Timestamp kFrom = *parse_rfc3339("2026-01-01T00:00:00Z");

struct World {
  Authority authority = test::open_authority();
  test::FakeSleeper sleeper;

  std::unique_ptr<Processor> processor(ProcessorOptions options) {
    auto made = Processor::make(authority, std::move(options), kFrom, sleeper);
    REQUIRE(made.has_value());
    return std::move(made).value();
  }
  std::unique_ptr<Processor> processor(Product product = Product::milan) {
    return processor(processor_of(authority, product));
  }
};

crypto::P384Scalar component(const Bytes& report, std::size_t offset) {
  const ByteView field = ByteView(report).subspan(offset, 48);
  Bytes big(field.begin(), field.end());
  std::reverse(big.begin(), big.end());
  return *crypto::P384Scalar::from(big);
}

void check_genuine(const AttestationReport& made) {
  REQUIRE(made.endorsement.has_value());
  const auto certificate = Certificate::parse(*made.endorsement, Reason::malformed_endorsement);
  REQUIRE(certificate.has_value());
  const auto digest = crypto::sha384({ByteView(made.report).first(0x2a0)});
  CHECK(crypto::verify_p384(*crypto::P384Point::from(certificate->ec_point()), digest,
                            component(made.report, 0x2a0), component(made.report, 0x2a0 + 72))
            .has_value());
}

}  // namespace

TEST_CASE("every product's simulated processor signs reports that its endorsement verifies") {
  World world;
  for (const Product product : kAllProducts) {
    for (const SignedBy signed_by : {SignedBy::vcek, SignedBy::vlek}) {
      for (const std::uint32_t version : {2U, 3U, 5U}) {
        CAPTURE(name(product), version);
        ProcessorOptions options = processor_of(world.authority, product);
        options.report.signed_by = signed_by;
        options.report.version = version;
        const auto processor = world.processor(options);
        const auto made = processor->get(ReportData{});
        REQUIRE(made.has_value());
        check_genuine(*made);
      }
    }
  }
}

TEST_CASE("a simulated processor says that it is one") {
  World world;
  const auto processor = world.processor();
  CHECK(processor->simulated());
  CHECK(processor->name() == "sim");
}

TEST_CASE("a simulated report holds the REPORT_DATA that was asked for") {
  World world;
  const auto processor = world.processor();
  const ReportData data(crypto::sha512({as_bytes("x")}).array());
  const auto made = processor->get(data);
  REQUIRE(made.has_value());
  CHECK(equal_ct(ByteView(made->report).subspan(0x50, 64), data.view()));
  CHECK(processor->signed_reports() == 1);
}

TEST_CASE("a platform that supplies no endorsement gives the report alone") {
  World world;
  ProcessorOptions options = processor_of(world.authority, Product::milan);
  options.supply_endorsement = false;
  const auto processor = world.processor(options);
  CHECK_FALSE(processor->get(ReportData{})->endorsement.has_value());
  CHECK_FALSE(processor->endorsement().empty());
}

TEST_CASE("the endorsement is for the reported TCB, not for the current one") {
  World world;
  ProcessorOptions options = processor_of(world.authority, Product::milan);
  options.report.firmware.reported.microcode = 100;
  const auto lower = world.processor(options);
  const auto recent = world.processor();
  CHECK(lower->key().spki() != recent->key().spki());
  check_genuine(lower->get(ReportData{}).value());
}

TEST_CASE("refused requests fail as asked, as often as asked") {
  World world;
  const auto processor = world.processor();
  processor->refuse(Error(Reason::firmware_throttled, "busy"), 2);
  for (int i = 0; i < 2; ++i) {
    const auto refused = processor->get(ReportData{});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().reason() == Reason::firmware_throttled);
  }
  CHECK(processor->get(ReportData{}).has_value());
  CHECK(processor->signed_reports() == 1);
}

TEST_CASE("simulated firmware that is gone never comes back") {
  World world;
  const auto processor = world.processor();
  processor->refuse(Error(Reason::firmware_gone));
  for (int i = 0; i < 5; ++i) {
    CHECK(processor->get(ReportData{}).error().reason() == Reason::firmware_gone);
  }
}

TEST_CASE("a throttled processor takes as long as the real one") {
  World world;
  ProcessorOptions options = processor_of(world.authority, Product::milan);
  options.throttle = ThrottleOptions::real();
  const auto processor = world.processor(options);
  const TimePoint start = world.sleeper.now();
  for (int i = 0; i < 10; ++i) REQUIRE(processor->get(ReportData{}).has_value());
  CHECK(world.sleeper.now() - start == 80ms);
  REQUIRE(processor->get(ReportData{}).has_value());
  CHECK(world.sleeper.now() - start == 10'208ms);
}

TEST_CASE("a session gets evidence from a simulated processor through an attester") {
  World world;
  const auto processor = world.processor();
  Attester attester(*processor);
  REQUIRE(attester.start().has_value());
  CHECK(attester.simulated());
  auto handle = attester.begin(test::request(1));
  const auto evidence = handle.take();
  REQUIRE(evidence.has_value());
  test::check_vouches(*evidence, test::request(1));
  const auto envelope = EvidenceEnvelope::decode(*evidence);
  REQUIRE(envelope.has_value());
  check_genuine(AttestationReport{envelope->report, envelope->endorsement});
}
