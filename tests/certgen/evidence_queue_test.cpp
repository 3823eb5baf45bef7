#include <ratls/certgen/evidence_queue.h>

#include <catch2/catch_test_macros.hpp>

#include "../support/report_sources.h"
#include "evidence_fixture.h"

using namespace ratls;
using namespace std::chrono_literals;
using test::check_vouches;
using test::request;
using test::ScriptedSource;

namespace {

std::vector<PendingEvidence> submit(EvidenceQueue& queue, std::uint32_t from, std::uint32_t count) {
  std::vector<PendingEvidence> handles;
  for (std::uint32_t i = 0; i < count; ++i) handles.push_back(queue.submit(request(from + i)));
  return handles;
}

Reason reason_of(PendingEvidence& handle) {
  auto taken = handle.take();
  REQUIRE_FALSE(taken.has_value());
  return taken.error().reason();
}

}  // namespace

TEST_CASE("one waiting session gets evidence without a path") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  CHECK_FALSE(handle.ready());
  CHECK(queue.run_one(source).sessions == 1);
  REQUIRE(handle.ready());
  const auto evidence = handle.take();
  REQUIRE(evidence.has_value());
  check_vouches(*evidence, request(1));
  CHECK_FALSE(EvidenceEnvelope::decode(*evidence)->path.has_value());
}

TEST_CASE("all who wait are served by one report, each with a path that folds to it") {
  for (const std::uint32_t count : {2U, 3U, 5U, 8U, 33U}) {
    CAPTURE(count);
    ScriptedSource source;
    EvidenceQueue queue;
    auto handles = submit(queue, 0, count);
    CHECK(queue.run_one(source).sessions == count);
    CHECK(source.calls() == 1);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto evidence = handles[i].take();
      REQUIRE(evidence.has_value());
      check_vouches(*evidence, request(i));
      CHECK(EvidenceEnvelope::decode(*evidence)->path.has_value());
    }
  }
}

TEST_CASE("two hundred sessions paused at once are served by one report") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handles = submit(queue, 0, 200);
  CHECK(queue.run_one(source).sessions == 200);
  CHECK(source.calls() == 1);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto evidence = handles[i].take();
    REQUIRE(evidence.has_value());
    check_vouches(*evidence, request(i));
  }
}

TEST_CASE("equal claims enter the tree once, and alone they need no path") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto first = queue.submit(request(7));
  auto second = queue.submit(request(7));
  queue.run_one(source);
  const auto evidence = first.take();
  REQUIRE(evidence.has_value());
  check_vouches(*evidence, request(7));
  CHECK_FALSE(EvidenceEnvelope::decode(*evidence)->path.has_value());
  const auto same = second.take();
  REQUIRE(same.has_value());
  CHECK(*same == *evidence);
}

TEST_CASE("every role and level that exists gets its own claims") {
  ScriptedSource source;
  EvidenceQueue queue;
  std::vector<EvidenceRequest> asked;
  for (const Role role :
       {Role::client, Role::server, Role::post_handshake_client, Role::post_handshake_server}) {
    for (const Level level : {Level::key, Level::handshake, Level::exporter}) {
      if (!valid_pair(role, level)) continue;
      EvidenceRequest each = request(1);
      each.role = role;
      each.level = level;
      if (level == Level::key) each.binder.reset();
      asked.push_back(each);
    }
  }
  REQUIRE(asked.size() == 6);
  std::vector<PendingEvidence> handles;
  for (const auto& each : asked) handles.push_back(queue.submit(each));
  queue.run_one(source);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto evidence = handles[i].take();
    REQUIRE(evidence.has_value());
    check_vouches(*evidence, asked[i]);
  }
}

TEST_CASE("a request that cannot be claimed fails at once and spoils nobody else's") {
  ScriptedSource source;
  EvidenceQueue queue;
  EvidenceRequest no_binder = request(1);
  no_binder.binder.reset();
  EvidenceRequest no_pair = request(1);
  no_pair.role = Role::server;  // a server has no exporter before its certificate
  auto bad = queue.submit(no_binder);
  auto worse = queue.submit(no_pair);
  auto good = queue.submit(request(2));
  REQUIRE(bad.ready());
  CHECK(reason_of(bad) == Reason::malformed_evidence);
  CHECK(reason_of(worse) == Reason::malformed_evidence);
  CHECK(queue.run_one(source).sessions == 1);
  CHECK(good.take().has_value());
}

TEST_CASE("the platform's endorsement travels in the evidence") {
  const Bytes endorsement{0x30, 0x03, 0x02, 0x01, 0x00};
  ScriptedSource source([&](const ReportData& data) -> Result<AttestationReport> {
    return AttestationReport{test::echo_report(data), endorsement};
  });
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  queue.run_one(source);
  const auto evidence = handle.take();
  REQUIRE(evidence.has_value());
  CHECK(EvidenceEnvelope::decode(*evidence)->endorsement == endorsement);
}

TEST_CASE("without anybody waiting no report is asked for") {
  ScriptedSource source;
  EvidenceQueue queue;
  CHECK(queue.run_one(source).sessions == 0);
  CHECK(source.calls() == 0);
}

TEST_CASE("dropped handles cost no report, and those who stay are served") {
  ScriptedSource source;
  EvidenceQueue queue;
  { const auto dropped = queue.submit(request(1)); }
  CHECK(queue.run_one(source).sessions == 0);
  CHECK(source.calls() == 0);
  auto handles = submit(queue, 0, 3);
  handles.erase(handles.begin() + 1);
  CHECK(queue.run_one(source).sessions == 2);
  const auto first = handles[0].take();
  const auto last = handles[1].take();
  REQUIRE(first.has_value());
  REQUIRE(last.has_value());
  check_vouches(*first, request(0));
  check_vouches(*last, request(2));
}

TEST_CASE("a report over other REPORT_DATA is refused") {
  for (const std::size_t byte : {0U, 31U, 63U}) {
    CAPTURE(byte);
    ScriptedSource source([&](const ReportData& data) -> Result<AttestationReport> {
      Bytes report = test::echo_report(data);
      report[0x50 + byte] ^= 1;
      return AttestationReport{report, std::nullopt};
    });
    EvidenceQueue queue;
    auto handles = submit(queue, 0, 2);
    CHECK(queue.run_one(source).sessions == 2);
    for (auto& handle : handles) CHECK(reason_of(handle) == Reason::report_echo_mismatch);
  }
}

TEST_CASE("a report of another size is refused") {
  for (const std::size_t size : {0U, 80U, 1183U, 1185U, 4000U}) {
    CAPTURE(size);
    ScriptedSource source([&](const ReportData& data) -> Result<AttestationReport> {
      Bytes report = test::echo_report(data);
      report.resize(size);
      return AttestationReport{report, std::nullopt};
    });
    EvidenceQueue queue;
    auto handle = queue.submit(request(1));
    queue.run_one(source);
    CHECK(reason_of(handle) == Reason::malformed_report);
  }
}

TEST_CASE("a source's error reaches everybody who waits, and the next round is asked again") {
  unsigned calls = 0;
  ScriptedSource source([&](const ReportData& data) -> Result<AttestationReport> {
    if (++calls == 1) return Error(Reason::firmware_throttled, "busy");
    return AttestationReport{test::echo_report(data), std::nullopt};
  });
  EvidenceQueue queue;
  auto first = submit(queue, 0, 5);
  CHECK(queue.run_one(source).sessions == 5);
  for (auto& handle : first) CHECK(reason_of(handle) == Reason::firmware_throttled);
  auto again = queue.submit(request(0));
  queue.run_one(source);
  CHECK(again.take().has_value());
}

TEST_CASE("once the firmware is gone nobody asks it again") {
  ScriptedSource source([](const ReportData&) -> Result<AttestationReport> {
    return Error(Reason::firmware_gone, "ENOTTY");
  });
  EvidenceQueue queue;
  auto first = queue.submit(request(1));
  queue.run_one(source);
  CHECK(reason_of(first) == Reason::firmware_gone);
  auto later = queue.submit(request(2));
  REQUIRE(later.ready());
  auto taken = later.take();
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().reason() == Reason::firmware_gone);
  CHECK(taken.error().detail() == "ENOTTY");
  CHECK(queue.run_one(source).sessions == 0);
  CHECK(source.calls() == 1);
  CHECK_FALSE(queue.wait_for_work());
}

TEST_CASE("a stopped queue answers those who wait and those who come later") {
  EvidenceQueue queue;
  auto waiting = queue.submit(request(1));
  queue.stop();
  CHECK(reason_of(waiting) == Reason::attester_stopped);
  auto later = queue.submit(request(2));
  CHECK(reason_of(later) == Reason::attester_stopped);
  CHECK_FALSE(queue.wait_for_work());
}

TEST_CASE("handles outlive their queue and say that it was stopped") {
  std::optional<PendingEvidence> handle;
  {
    EvidenceQueue queue;
    handle = queue.submit(request(1));
  }
  CHECK(reason_of(*handle) == Reason::attester_stopped);
}

TEST_CASE("a full queue refuses, and takes in more when waiting sessions have left") {
  EvidenceQueue queue(std::chrono::minutes(10));  // however slow the machine, nobody's time is over
  auto handles = submit(queue, 0, EvidenceQueue::kMaxWaiting);
  auto refused = queue.submit(request(1));
  CHECK(reason_of(refused) == Reason::firmware_throttled);
  handles.pop_back();
  auto taken_in = queue.submit(request(1));
  CHECK_FALSE(taken_in.ready());
}
