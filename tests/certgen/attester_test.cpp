#include <ratls/certgen/attester.h>

#include <ratls/certgen/identity.h>

#include <catch2/catch_test_macros.hpp>

#include "../support/report_sources.h"
#include "evidence_fixture.h"

using namespace ratls;
using namespace std::chrono_literals;
using test::check_vouches;
using test::request;
using test::ScriptedSource;

TEST_CASE("an attester serves a session from its own thread") {
  ScriptedSource source;
  Attester attester(source);
  REQUIRE(attester.start().has_value());
  auto handle = attester.begin(request(1));
  const auto evidence = handle.take();
  REQUIRE(evidence.has_value());
  check_vouches(*evidence, request(1));
}

TEST_CASE("sessions that arrive while a report is being made share exactly one further report") {
  ScriptedSource source;
  Attester attester(source);
  REQUIRE(attester.start().has_value());
  source.hold();
  auto first = attester.begin(request(0));
  source.wait_for_calls(1);
  std::vector<PendingEvidence> gathered;
  for (std::uint32_t i = 1; i <= 200; ++i) gathered.push_back(attester.begin(request(i)));
  CHECK_FALSE(first.ready());
  source.release();
  REQUIRE(first.take().has_value());
  for (std::uint32_t i = 1; i <= 200; ++i) {
    const auto evidence = gathered[i - 1].take();
    REQUIRE(evidence.has_value());
    check_vouches(*evidence, request(i));
  }
  CHECK(source.calls() == 2);
}

TEST_CASE("beginning does not block while the firmware does") {
  ScriptedSource source;
  Attester attester(source, 500ms);  // long enough for the worker to begin
  REQUIRE(attester.start().has_value());
  source.hold();
  auto stuck = attester.begin(request(1));
  source.wait_for_calls(1);
  auto behind = attester.begin(request(2));
  auto taken = behind.take();
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().reason() == Reason::evidence_timeout);
  source.release();
}

TEST_CASE("requests made before the start are served after it") {
  ScriptedSource source;
  Attester attester(source);
  auto handle = attester.begin(request(1));
  CHECK_FALSE(handle.wait_for(5ms));
  REQUIRE(attester.start().has_value());
  CHECK(handle.take().has_value());
}

TEST_CASE("an attester starts once") {
  ScriptedSource source;
  Attester attester(source);
  REQUIRE(attester.start().has_value());
  const auto again = attester.start();
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().reason() == Reason::internal);
}

TEST_CASE("destroying an attester answers those who wait") {
  ScriptedSource source;
  std::optional<PendingEvidence> waiting;
  {
    Attester attester(source);
    waiting = attester.begin(request(1));
  }
  auto taken = waiting->take();
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().reason() == Reason::attester_stopped);
  CHECK(source.calls() == 0);
}

TEST_CASE("a permanent failure is told to every later session at once") {
  ScriptedSource source([](const ReportData&) -> Result<AttestationReport> {
    return Error(Reason::firmware_gone, "ENOTTY");
  });
  Attester attester(source);
  REQUIRE(attester.start().has_value());
  auto first = attester.begin(request(1));
  CHECK(first.take().error().reason() == Reason::firmware_gone);
  auto later = attester.begin(request(2));
  CHECK(later.ready());
  CHECK(later.take().error().reason() == Reason::firmware_gone);
  CHECK(source.calls() == 1);
}

TEST_CASE("an attested identity vouches for a key through the attester that its copies share") {
  ScriptedSource source;
  auto attester = std::make_shared<Attester>(source);
  REQUIRE(attester->start().has_value());
  const AttestedIdentity identity(attester);
  const AttestedIdentity copy = identity;
  CHECK(identity.simulated());
  CHECK(copy.source_name() == "scripted");
  const EvidenceRequest asked = request(3);
  auto handle = copy.begin(asked.role, asked.level, asked.binder, asked.spki_hash);
  const auto evidence = handle.take();
  REQUIRE(evidence.has_value());
  check_vouches(*evidence, asked);
}

TEST_CASE("a pace that is used up gathers sessions instead of asking for more reports") {
  ScriptedSource source;
  source.paced = ReportPace{1, 10.0, 100, 10s};
  Attester attester(source);
  REQUIRE(attester.start().has_value());
  auto first = attester.begin(request(0));
  REQUIRE(first.take().has_value());
  std::vector<PendingEvidence> gathered;
  for (std::uint32_t i = 1; i <= 50; ++i) gathered.push_back(attester.begin(request(i)));
  for (auto& handle : gathered) CHECK(handle.take().has_value());
  CHECK(source.calls() == 2);
}

TEST_CASE("an attester that holds back can be destroyed at once") {
  ScriptedSource source;
  source.paced = ReportPace{1, 0.001, 1, 1h};
  const auto began = std::chrono::steady_clock::now();
  {
    Attester attester(source);
    REQUIRE(attester.start().has_value());
    auto first = attester.begin(request(0));
    REQUIRE(first.take().has_value());
    auto second = attester.begin(request(1));
  }
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  CHECK(source.calls() == 1);
}
