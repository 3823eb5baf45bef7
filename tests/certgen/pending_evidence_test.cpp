#include <ratls/certgen/pending_evidence.h>

#include <atomic>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "../support/report_sources.h"
#include "evidence_fixture.h"

using namespace ratls;
using namespace std::chrono_literals;
using test::request;
using test::ScriptedSource;

TEST_CASE("a session that waited past its deadline is told of the firmware throttle") {
  EvidenceQueue queue(20ms);
  auto handle = queue.submit(request(1));
  CHECK_FALSE(handle.ready());
  auto taken = handle.take();
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().reason() == Reason::evidence_timeout);
  CHECK(taken.error().detail().find("20 ms") != std::string::npos);
  CHECK(taken.error().detail().find("firmware throttle") != std::string::npos);
}

TEST_CASE("a deadline makes a handle ready, and its request costs no report") {
  ScriptedSource source;
  EvidenceQueue queue(10ms);
  auto handle = queue.submit(request(1));
  CHECK(handle.wait_for(5s));
  CHECK(handle.ready());
  CHECK(std::chrono::steady_clock::now() >= handle.deadline());
  CHECK(queue.run_one(source).sessions == 0);
  CHECK(source.calls() == 0);
}

TEST_CASE("evidence that arrived in time can be taken after the deadline") {
  ScriptedSource source;
  EvidenceQueue queue(200ms);
  auto handle = queue.submit(request(1));
  queue.run_one(source);
  std::this_thread::sleep_until(handle.deadline() + 5ms);
  CHECK(handle.take().has_value());
}

TEST_CASE("waiting ends at its limit while nothing has arrived") {
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  CHECK_FALSE(handle.wait_for(0ms));
  CHECK_FALSE(handle.wait_for(5ms));
  CHECK_FALSE(handle.ready());
}

TEST_CASE("evidence can be taken once") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  queue.run_one(source);
  CHECK(handle.take().has_value());
  auto again = handle.take();
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().reason() == Reason::internal);
}

TEST_CASE("a handle that was moved from is ready and holds an error") {
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  auto owner = std::move(handle);
  CHECK(handle.ready());  // NOLINT(bugprone-use-after-move): this is what is tested
  CHECK_FALSE(handle.take().has_value());
  CHECK_FALSE(owner.ready());
}

TEST_CASE("assigning to a handle cancels what it waited for") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  handle = queue.submit(request(2));
  CHECK(queue.run_one(source).sessions == 1);
  const auto evidence = handle.take();
  REQUIRE(evidence.has_value());
  test::check_vouches(*evidence, request(2));
}

TEST_CASE("a wake-up comes once, when the evidence is there") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  int woken = 0;
  handle.on_ready([&] { ++woken; });
  CHECK(woken == 0);
  queue.run_one(source);
  CHECK(woken == 1);
  queue.stop();
  CHECK(woken == 1);
}

TEST_CASE("a wake-up that is asked for late comes at once") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  queue.run_one(source);
  int woken = 0;
  handle.on_ready([&] { ++woken; });
  CHECK(woken == 1);
}

TEST_CASE("an error wakes as evidence does") {
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  int woken = 0;
  handle.on_ready([&] { ++woken; });
  queue.stop();
  CHECK(woken == 1);
}

TEST_CASE("no wake-up runs once its handle is gone") {
  for (int round = 0; round < 50; ++round) {
    ScriptedSource source;
    EvidenceQueue queue;
    std::atomic<bool> gone{false};
    std::atomic<bool> late{false};
    std::optional<PendingEvidence> handle = queue.submit(request(1));
    handle->on_ready([&] {
      std::this_thread::yield();
      if (gone.load()) late.store(true);
    });
    std::thread worker([&] { queue.run_one(source); });
    handle.reset();
    gone.store(true);
    worker.join();
    REQUIRE_FALSE(late.load());
  }
}

TEST_CASE("a session can block in another thread than the one that serves it") {
  ScriptedSource source;
  EvidenceQueue queue;
  auto handle = queue.submit(request(1));
  std::thread worker([&] {
    std::this_thread::sleep_for(5ms);
    queue.run_one(source);
  });
  const auto evidence = handle.take();
  worker.join();
  REQUIRE(evidence.has_value());
  test::check_vouches(*evidence, request(1));
}
