// What the broker counts is what docs/broker.md lists, no more and no less, and no label tells who.

#include <catch2/catch_test_macros.hpp>

#include <regex>
#include <set>

#include <ratls/channel.h>
#include <ratls/services/http/exchange.h>

#include "running_broker.h"

namespace ratls {

namespace {

using namespace std::chrono_literals;
using test::RunningBroker;

test::AttestedWorld& world() {
  static test::AttestedWorld world;
  return world;
}

// Each name that matches, without what a histogram or summary adds to it.
std::set<std::string> names_in(const std::string& text, const std::string& pattern) {
  const std::regex name(pattern);
  std::set<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
    out.insert((*at)[1].str());
  }
  return out;
}

std::string documented() {
  const std::string all =
      to_string(*test::read_file(std::string(RATLS_SOURCE_DIR) + "/docs/broker.md"));
  const auto begin = all.find("**Metrics**");
  REQUIRE(begin != std::string::npos);
  return all.substr(begin);
}

void visit(const RunningBroker& broker) {
  ClientConfig config(world().guest(), broker.key());
  auto channel = std::move(connect(broker.plain(), config).channel).value();
  for (const char* target : {"/kbs/v0/resource/agents/llm/key", "/kbs/v0/resource/a/b/c"}) {
    static_cast<void>(http::get(http::over(channel), "broker", target, after(20s)));
  }
}

}  // namespace

TEST_CASE("every metric that is documented is served, and none that is not") {
  RunningBroker broker(world(), R"({"accept":["test/agent"],"per_guest":null})");
  visit(broker);
  const std::string page = broker.page("/metrics");
  const auto served = names_in(page, "# TYPE (ratls_[a-z_]+) ");
  CHECK(served == names_in(documented(), "`(ratls_[a-z_]+)"));
  CHECK(served.size() >= 13);
  for (const std::string& name : served) {
    INFO(name);
    CHECK(page.find("# HELP " + name + " ") != std::string::npos);
  }
}

TEST_CASE("labels are those that are documented, and their values say nothing of any guest") {
  RunningBroker broker(world(), R"({"accept":["test/agent"],"per_guest":null})");
  visit(broker);
  const std::string page = broker.page("/metrics");
  CHECK(names_in(page, "[{,]([a-z_]+)=\"") == std::set<std::string>{"version", "git", "mbedtls",
                                                                    "role", "result", "reason",
                                                                    "rule", "le", "phase"});
  // Closed lists are words, versions and numbers: no address, path, digest or chip fits.
  for (const std::string& value : names_in(page, "=\"([^\"]*)\"")) {
    INFO(value);
    CHECK(std::regex_match(value, std::regex("[a-z_]{1,40}|[0-9.+a-z]{1,12}|\\+Inf")));
  }
  for (const char* secret : {"127.0.0.1", "agents", "the value", "test/agent"}) {
    CHECK(page.find(secret) == std::string::npos);
  }
}

TEST_CASE("counters move with what happens, and a known report is a hit") {
  RunningBroker broker(world(), R"({"accept":["test/agent"],"per_guest":null})");
  CHECK(broker.page("/metrics")
            .find("ratls_handshakes_total{role=\"server\",result=\"accepted\"} 0") !=
        std::string::npos);
  visit(broker);
  const std::string page = broker.page("/metrics");
  for (const char* line :
       {"ratls_handshakes_total{role=\"server\",result=\"accepted\"} 1\n",
        "ratls_broker_releases_total{result=\"released\"} 1\n",
        "ratls_broker_releases_total{result=\"refused\"} 1\n",
        "ratls_rejections_total{role=\"server\",reason=\"unknown_resource\"} 1\n",
        "ratls_verify_cache_misses_total 1\n", "ratls_broker_handshakes 0\n",
        "ratls_broker_waiting 0\n", "ratls_handshake_duration_seconds_count 1\n"}) {
    INFO(line << page);
    CHECK(page.find(line) != std::string::npos);
  }
}

}  // namespace ratls
