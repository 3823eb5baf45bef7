// docs/state-machine.md against what sessions do: from every state that can be told apart, every
// event and every fault, plain and framed, on both sides, until nothing new is found.
//
// Two states are one where everything that a program can see of both sessions is the same and,
// until the watched one is open, as many records of the peer were taken. RATLS_TEST_ORDERS=N in the
// environment: the last N events belong to a state too, so every order of N + 1 events is tried
// from everywhere. CTest has none; 1 takes minutes, 2 hours.
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <mbedtls/ssl.h>

#include "framed_world.h"
#include "state_model.h"

using namespace ratls;
using ratls::test::Action;
using ratls::test::AttestedWorld;
using ratls::test::Edges;
using ratls::test::Exporter;
using ratls::test::Run;
using ratls::test::Scenario;
using Expect = Scenario::Expect;
using State = Session::State;

namespace {

std::size_t orders() {
  const char* given = std::getenv("RATLS_TEST_ORDERS");
  return given == nullptr ? 0 : std::strtoul(given, nullptr, 10);
}

using Path = std::vector<std::uint8_t>;  // of numbers of actions

std::string told(const Path& path) {
  std::string out;
  for (const std::uint8_t step : path) {
    out += out.empty() ? "" : "; ";
    out += ratls::test::all_actions()[step].name;
  }
  return out;
}

/// Goes from state to state of a scenario until every action was tried in each.
class Walk {
 public:
  Walk(const Scenario& scenario, ratls::test::GatedSource& gate, const Edges& edges, Edges& walked)
      : scenario_(scenario), gate_(gate), edges_(edges), walked_(walked) {}

  void run() {
    begin();
    note();
    while (!waiting_.empty()) {
      const std::string state = waiting_.front();
      if (nodes_.at(state).tried == ratls::test::all_actions().size()) {
        waiting_.pop_front();
        continue;
      }
      return_to(state);
      while (nodes_.at(now_).tried < ratls::test::all_actions().size()) {
        step(static_cast<std::uint8_t>(nodes_.at(now_).tried++));
        ++tried;
        note();
      }
    }
  }

  std::size_t states() const { return nodes_.size(); }
  std::size_t tried = 0;
  std::size_t begun = 0;

 private:
  struct Node {
    Path path;
    std::size_t tried = 0;
  };

  void begin() {
    run_.reset();
    run_.emplace(scenario_, gate_);
    path_.clear();
    ++begun;
  }

  void step(std::uint8_t action) {
    path_.push_back(action);
    INFO(scenario_.name << ": " << told(path_));
    ratls::test::all_actions()[action].act(*run_);
    run_->check(edges_, walked_);
  }

  // The same calls lead to the same state: nothing here depends on time or chance.
  void return_to(const std::string& state) {
    const Path path = nodes_.at(state).path;
    begin();
    for (const std::uint8_t action : path) step(action);
    note();
    INFO(scenario_.name << ": " << told(path_));
    REQUIRE(now_ == state);
  }

  void note() {
    now_ = run_->seen();
    const std::size_t kept = std::min(orders(), path_.size());
    for (std::size_t i = path_.size() - kept; i < path_.size(); ++i) {
      now_ += static_cast<char>('A' + path_[i]);
    }
    const auto [at, is_new] = nodes_.try_emplace(now_, Node{path_, 0});
    if (is_new) waiting_.push_back(now_);
    if (at->second.path.size() > path_.size()) at->second.path = path_;
  }

  const Scenario& scenario_;
  ratls::test::GatedSource& gate_;
  const Edges& edges_;
  Edges& walked_;
  std::optional<Run> run_;
  Path path_;
  std::string now_;
  std::map<std::string, Node> nodes_;
  std::deque<std::string> waiting_;
};

void walk_all(const std::vector<Scenario>& scenarios, ratls::test::GatedSource& gate,
              Edges& walked) {
  for (const Scenario& scenario : scenarios) {
    const Edges edges =
        scenario.framed ? ratls::test::documented_framed_edges() : ratls::test::documented_edges();
    Walk walk(scenario, gate, edges, walked);
    const auto start = std::chrono::steady_clock::now();
    walk.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%-42s %6zu states, %8zu events, %7zu runs, %.2f s\n", scenario.name.c_str(),
                walk.states(), walk.tried, walk.begun, took.count());
    CHECK(walk.states() > 5);
  }
}

/// `client` and `server`, either of them watched.
void add(std::vector<Scenario>& to, const std::string& name, const ClientConfig& client,
         const ServerConfig& server, Expect of_client, Expect of_server) {
  const auto a = [client] { return Session::client(client).value(); };
  const auto b = [server] { return Session::server(server).value(); };
  const bool framed = client.framing == Framing::framed;
  to.push_back({name + ", client", a, b, of_client, MBEDTLS_SSL_IS_CLIENT, framed});
  to.push_back({name + ", server", b, a, of_server, MBEDTLS_SSL_IS_SERVER, framed});
}

/// Whose exchanges are late from their beginning: "the exchange's deadline" has passed then.
template <class Config>
Config late(Config config) {
  config.timeouts.evidence = config.timeouts.verdict = std::chrono::milliseconds(0);
  return config;
}

ratls::test::WorldOptions debugged() {
  ratls::test::WorldOptions out;
  out.guest = [](sim::ProcessorOptions& guest) { guest.report.launch.policy |= sim::kPolicyDebug; };
  return out;
}

constexpr Expect kMayOpen = Expect::may_open;
constexpr Expect kNoBytes = Expect::refused_by_peer;
constexpr Expect kNever = Expect::never_opens;

}  // namespace

TEST_CASE(
    "every event in every state of a plain session keeps to the table, and each row is walked") {
  AttestedWorld world;
  const AcceptEvidence evidence{world.verifier()};
  std::vector<Scenario> scenarios;
  add(scenarios, "guest and broker", world.guest_config(), world.broker_config(), kMayOpen,
      kMayOpen);
  add(scenarios, "two guests", ClientConfig(world.guest(), evidence),
      ServerConfig(world.guest(), evidence), kMayOpen, kMayOpen);
  Edges walked;
  walk_all(scenarios, world.gate(), walked);
  AttestedWorld refused(debugged());
  std::vector<Scenario> refusals;
  add(refusals, "refused guest and broker", refused.guest_config(), refused.broker_config(),
      kNoBytes, kNever);
  walk_all(refusals, refused.gate(), walked);
  CHECK(walked == ratls::test::documented_edges());
}

TEST_CASE(
    "every event in every state of a framed session keeps to the table, and its own row is "
    "walked") {
  AttestedWorld world;
  std::vector<Scenario> scenarios;
  const ServerConfig broker = late(ratls::test::framed_broker(world));
  add(scenarios, "framed: guest and broker", late(ratls::test::framed_guest(world)), broker,
      kMayOpen, kMayOpen);
  add(scenarios, "framed: asked guest and broker", late(ratls::test::asked_guest(world)), broker,
      kMayOpen, kMayOpen);
  add(scenarios, "framed: client and asked server", late(ratls::test::demanding_client(world)),
      late(ratls::test::answering_server(world)), kMayOpen, kMayOpen);
  Edges walked;
  walk_all(scenarios, world.gate(), walked);
  AttestedWorld refused(debugged());
  std::vector<Scenario> refusals;
  add(refusals, "framed: refused guest and broker", late(ratls::test::asked_guest(refused)),
      late(ratls::test::framed_broker(refused)), kNoBytes, kNever);
  walk_all(refusals, refused.gate(), walked);
  for (const auto& edge : ratls::test::documented_edges()) walked.insert(edge);
  CHECK(walked == ratls::test::documented_framed_edges());  // those of framed sessions alone
}

TEST_CASE("no order of events opens a session whose exporter lies or whose judge is never called") {
  AttestedWorld world;
  const AcceptEvidence evidence{world.verifier()};
  std::vector<Scenario> scenarios;
  add(scenarios, "guest and broker", world.guest_config(), world.broker_config(), kNever, kNever);
  add(scenarios, "two guests", ClientConfig(world.guest(), evidence),
      ServerConfig(world.guest(), evidence), kNever, kNever);
  add(scenarios, "framed: asked guest and broker", late(ratls::test::asked_guest(world)),
      late(ratls::test::framed_broker(world)), kNoBytes, kNever);
  std::vector<Scenario> lying;
  std::vector<Scenario> deaf;
  for (Scenario& scenario : scenarios) {
    lying.push_back(scenario);
    lying.back().name += ", exporter lies";
    lying.back().exporter = Exporter::other;
    if (scenario.framed) continue;  // evidence in frames does not come through mbedTLS's callback
    deaf.push_back(scenario);
    deaf.back().name += ", judge not called";
    deaf.back().lost_callback = true;
  }
  Edges walked;
  walk_all(lying, world.gate(), walked);
  walk_all(deaf, world.gate(), walked);
}
