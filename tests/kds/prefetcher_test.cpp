#include <catch2/catch_test_macros.hpp>

#include <mutex>
#include <thread>
#include <vector>

#include <ratls/kds/prefetcher.h>
#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "stand_in.h"

using namespace ratls;
using namespace ratls::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// What a Prefetcher tried, for the test's thread.
class Record {
 public:
  [[nodiscard]] std::function<void(const PrefetchEvent&)> writer() {
    return [this](const PrefetchEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    };
  }
  [[nodiscard]] std::vector<PrefetchEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<PrefetchEvent> events_;
};

EndorsementQuery chip(std::uint8_t number) {
  EndorsementQuery out = kds_query();
  out.chip_id.mutable_view()[0] = number;
  return out;
}

}  // namespace

TEST_CASE("what an appraisal lacked is in the store soon after") {
  const TemporaryFolder folder;
  const auto client = kds_client(kds_options("ok"));
  std::unique_ptr<Prefetcher> prefetcher;
  CollateralStoreOptions options;
  options.on_wanted_endorsement = [&](const EndorsementQuery& query) { prefetcher->want(query); };
  options.on_wanted_crl = [&](const CrlQuery& query) { prefetcher->want(query); };
  CollateralStore store(folder.file("store"), kds_roots(), options);
  prefetcher = std::make_unique<Prefetcher>(*client, store);
  CHECK_FALSE(store.endorsement(kds_query()));
  const auto start = steady_clock::now();
  store.wanted(kds_query());
  store.wanted(kds_crl_query());
  CHECK(steady_clock::now() - start < milliseconds(200));
  REQUIRE(prefetcher->wait_idle(seconds(5)));
  CHECK(store.endorsement(kds_query()) == read_file(stand_in().file("answers/vcek")));
  CHECK(store.crl(kds_crl_query()));
}

TEST_CASE("a query that waits already is not queued again, and the queue is bounded") {
  const TemporaryFolder folder;
  CollateralStore store(folder.file("store"), kds_roots());
  const auto client = kds_client(kds_options("slow"));
  PrefetchOptions options;
  options.max_queries = 4;
  Prefetcher prefetcher(*client, store, options);
  for (int i = 0; i < 50; ++i) prefetcher.want(kds_query());
  CHECK(prefetcher.pending() == 1);
  for (std::uint8_t i = 0; i < 50; ++i) prefetcher.want(chip(i));
  CHECK(prefetcher.pending() == 4);
}

TEST_CASE("a failure that may pass is tried again after a rest that grows") {
  const TemporaryFolder folder;
  CollateralStore store(folder.file("store"), kds_roots());
  Record record;
  PrefetchOptions options;
  options.first_rest = milliseconds(100);
  options.tries = 3;
  options.on_try = record.writer();
  const auto client = kds_client(kds_options("error_500"));
  const auto start = steady_clock::now();
  Prefetcher prefetcher(*client, store, options);
  prefetcher.want(kds_query());
  REQUIRE(prefetcher.wait_idle(seconds(5)));
  CHECK(steady_clock::now() - start >= milliseconds(300));
  const auto events = record.events();
  REQUIRE(events.size() == 3);
  CHECK(events[0].again);
  CHECK(events[1].again);
  CHECK_FALSE(events[2].again);
  CHECK(events[2].error->reason() == Reason::kds_unavailable);
  CHECK_FALSE(store.endorsement(kds_query()));
}

TEST_CASE("an unknown chip and a refused answer are not asked for again, nor stored") {
  for (const std::string fault : {"not_found", "other"}) {
    const TemporaryFolder folder;
    CollateralStore store(folder.file("store"), kds_roots());
    Record record;
    PrefetchOptions options;
    options.first_rest = milliseconds(20);
    options.on_try = record.writer();
    const auto client = kds_client(kds_options(fault));
    Prefetcher prefetcher(*client, store, options);
    prefetcher.want(kds_query());
    REQUIRE(prefetcher.wait_idle(seconds(5)));
    prefetcher.want(kds_query());
    CHECK(prefetcher.pending() == 0);
    std::size_t tries = 0;
    for (int i = 0; i < 100 && tries == 0; ++i) {
      std::this_thread::sleep_for(milliseconds(5));
      tries = record.events().size();
    }
    CHECK(tries == 1);
    CHECK(store.list().value().items.empty());
  }
}

TEST_CASE("a prefetcher ends soon in the middle of a request") {
  const TemporaryFolder folder;
  CollateralStore store(folder.file("store"), kds_roots());
  KdsOptions options = kds_options("slow");
  options.limit = seconds(30);
  const auto client = kds_client(options);
  const auto start = steady_clock::now();
  {
    Prefetcher prefetcher(*client, store);
    prefetcher.want(kds_query());
    std::this_thread::sleep_for(milliseconds(200));
  }
  CHECK(steady_clock::now() - start < seconds(3));
}

TEST_CASE("with the service down a stored list serves while it is valid, and no longer") {
  const TemporaryFolder folder;
  CollateralStore store(folder.file("store"), kds_roots());
  const auto up = kds_client(kds_options("ok"));
  REQUIRE(store.put_crl(kds_crl_query(), up->crl(kds_crl_query()).value().items[0].der));
  const auto down = kds_client(kds_options("error_500"));
  CHECK_FALSE(down->crl(kds_crl_query()));
  SimWorld world;
  const auto machine = world.processor();
  const auto report = machine->get(ReportData()).value();
  std::string text = sim::policy_json(world.authority(), world.policy_options()).value();
  const std::string lax = R"({"mode": "accept_missing"})";
  text.replace(text.find(lax), lax.size(), R"({"mode": "require", "max_age_hours": 8760})");
  const Policy policy = parse_policy(as_bytes(text)).value();
  const auto outcome_at = [&](Timestamp now) {
    const FixedClock clock(now);
    ReportFile file;
    file.report = report.report;
    file.endorsement = ByteView(*report.endorsement);
    const auto list = store.crl(kds_crl_query());
    file.crl = ByteView(*list);
    return Verifier(policy, clock).verify_report(file).verdict.reason;
  };
  CHECK_FALSE(outcome_at(SimWorld::now()));
  CHECK(outcome_at({SimWorld::now().unix_seconds + 2 * 86400}) == Reason::crl_stale);
}
