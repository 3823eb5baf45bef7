// Many threads, one client.

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "stand_in.h"

using namespace ratls;
using namespace ratls::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

TEST_CASE("16 threads that want one VCEK cause one request, and all have it") {
  const auto client = kds_client(kds_options("counted"));
  const EndorsementQuery query = kds_query();
  std::atomic<int> got{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] { got += client->vcek(query) ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  CHECK(got == 16);
  CHECK(stand_in().requests("/counted/").size() == 1);
}

TEST_CASE("requests for different VCEKs are spaced") {
  KdsOptions options = kds_options("ok");
  options.pace = milliseconds(600);
  const auto client = kds_client(options);
  const auto start = steady_clock::now();
  EndorsementQuery other = kds_query();
  other.reported_tcb.snp = 26;
  CHECK(client->vcek(kds_query()));
  CHECK_FALSE(client->vcek(other));
  CHECK(client->vcek(kds_query()));
  CHECK(steady_clock::now() - start >= milliseconds(1200));
}

TEST_CASE("a pace that does not fit the limit is said at once, without a request") {
  KdsOptions options = kds_options("ok");
  options.pace = seconds(30);
  const auto client = kds_client(options);
  CHECK(client->vcek(kds_query()));
  const auto before = stand_in().requests("/ok/").size();
  const auto start = steady_clock::now();
  const auto got = client->vcek(kds_query());
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::kds_throttled);
  CHECK(steady_clock::now() - start < milliseconds(500));
  CHECK(stand_in().requests("/ok/").size() == before);
}

TEST_CASE("a client that is shut down ends running calls and takes no more") {
  KdsOptions options = kds_options("slow");
  options.limit = seconds(30);
  const auto client = kds_client(options);
  const auto start = steady_clock::now();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(200));
    client->shut_down();
  });
  const auto got = client->vcek(kds_query());
  other.join();
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::connection_closed);
  CHECK(steady_clock::now() - start < seconds(3));
  CHECK_FALSE(client->crl(kds_crl_query()));
}
