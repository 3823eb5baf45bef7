// docs/state-machine.md against what sessions do: every pair of events, in every state, on both
// sides; and that each row of the table was walked.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <functional>

#include "attested_world.h"
#include "state_table.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::Edges;
using ratls::test::pump;
using ratls::test::reachable;
using State = Session::State;

namespace {

/// Two sessions, one of which is watched.
struct Run {
  Session own;
  Session peer;
  std::size_t delivered = 0;  ///< application bytes that the watched side's application was given
};

struct Action {
  const char* name;
  void (*act)(Run&);
};

void let_peer_work(Run& run) {
  run.peer.advance();
  if (run.peer.making_evidence() && run.peer.wait_evidence(std::chrono::seconds(2))) {
    run.peer.advance();
  }
}

void exchange(Run& run) {
  pump(run.own, run.peer);
  let_peer_work(run);
  pump(run.peer, run.own);
}

constexpr std::array kActions{
    Action{"advance", [](Run& run) { run.own.advance(); }},
    Action{"exchange",
           [](Run& run) {
             exchange(run);
             run.own.advance();
           }},
    Action{"one byte",
           [](Run& run) {
             let_peer_work(run);
             const ByteView out = run.peer.output();
             if (!out.empty()) run.peer.sent(run.own.feed(out.first(1)));
             run.own.advance();
           }},
    Action{"a byte that is wrong",
           [](Run& run) {
             const std::array<std::uint8_t, 6> junk{0x17, 0x03, 0x03, 0x00, 0x01, 0x2a};
             run.own.feed(junk);
             run.own.advance();
           }},
    Action{"evidence",
           [](Run& run) {
             if (run.own.making_evidence()) {
               CHECK(run.own.wait_evidence(std::chrono::seconds(2)));
             }
             run.own.advance();
           }},
    Action{"the peer ends",
           [](Run& run) {
             run.own.feed_end();
             run.own.advance();
           }},
    Action{"read",
           [](Run& run) {
             std::array<std::uint8_t, 64> buffer{};
             const auto got = run.own.read(buffer);
             if (got) run.delivered += got->size;
           }},
    Action{"write", [](Run& run) { static_cast<void>(run.own.write(as_bytes("x")).has_value()); }},
    Action{"close", [](Run& run) { static_cast<void>(run.own.close().has_value()); }},
    Action{"the peer closes",
           [](Run& run) {
             exchange(run);
             static_cast<void>(run.peer.close().has_value());
             pump(run.peer, run.own);
             std::array<std::uint8_t, 64> buffer{};
             static_cast<void>(run.own.read(buffer).has_value());
           }},
    Action{"a deadline", [](Run& run) { run.own.abandon(Error(Reason::handshake_timeout)); }},
    Action{"acceptance",
           [](Run& run) { static_cast<void>(run.own.poll_acceptance().has_value()); }},
};

/// What holds in every state, whatever happened.
void check_state(Run& run, State before, const Edges& edges, Edges& walked) {
  const State now = run.own.state();
  CHECK(reachable(edges, before, now));
  if (edges.contains({before, now})) walked.emplace(before, now);
  if (before == State::failed || before == State::closed) CHECK(now == before);
  const bool ended = now == State::refusing || now == State::failed;
  CHECK((run.own.failure() != nullptr) == ended);
  if (now != State::open && now != State::closed) {
    CHECK(run.own.peer() == nullptr);
    CHECK_FALSE(run.own.write(as_bytes("leak")));
    CHECK(run.delivered == 0);
  }
}

/// The number of exchanges after which the watched session is to be met by the events.
constexpr std::size_t kSteps = 5;

using MakeRun = std::function<Run()>;

void try_all_pairs(const MakeRun& make, const Edges& edges, Edges& walked) {
  for (std::size_t steps = 0; steps < kSteps; ++steps) {
    for (const Action& first : kActions) {
      for (const Action& second : kActions) {
        Run run = make();
        INFO(steps << " exchanges, then " << first.name << ", then " << second.name);
        for (std::size_t i = 0; i < steps; ++i) {
          State before = run.own.state();
          run.own.advance();
          check_state(run, before, edges, walked);
          before = run.own.state();
          exchange(run);
          check_state(run, before, edges, walked);
        }
        for (const Action* action : {&first, &second, &first}) {
          const State before = run.own.state();
          action->act(run);
          check_state(run, before, edges, walked);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("every order of events keeps to the table of states, and every row is walked") {
  const Edges edges = ratls::test::documented_edges();
  AttestedWorld world;
  ratls::test::WorldOptions debug;
  debug.guest = [](sim::ProcessorOptions& guest) {
    guest.report.launch.policy |= sim::kPolicyDebug;
  };
  AttestedWorld refused(debug);
  Edges walked;
  const auto guest = [&] { return Session::client(world.guest_config()).value(); };
  const auto broker = [&] { return Session::server(world.broker_config()).value(); };
  const AcceptEvidence evidence{world.verifier()};
  try_all_pairs([&] { return Run{guest(), broker()}; }, edges, walked);
  try_all_pairs([&] { return Run{broker(), guest()}; }, edges, walked);
  try_all_pairs(
      [&] {
        return Run{Session::server(ServerConfig(world.guest(), evidence)).value(),
                   Session::client(ClientConfig(world.guest(), evidence)).value()};
      },
      edges, walked);
  try_all_pairs(
      [&] {
        return Run{Session::server(refused.broker_config()).value(),
                   Session::client(refused.guest_config()).value()};
      },
      edges, walked);
  for (const auto& [from, to] : edges) {
    INFO("from " << static_cast<int>(from) << " to " << static_cast<int>(to));
    CHECK(walked.contains({from, to}));
  }
}
