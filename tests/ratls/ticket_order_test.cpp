// Resumption in every order of three events after every step, on both sides: the table of
// docs/state-machine.md has no state of its own for it, and nothing moves before acceptance.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "resumed_world.h"

using namespace ratls;
using ratls::test::pump;
using ratls::test::ResumedWorld;
using State = Session::State;

namespace {

/// Two sessions, one of which is watched.
struct Run {
  Session own;
  Session peer;
  bool watched_is_server = false;
  std::size_t delivered = 0;
};

struct Action {
  const char* name;
  void (*act)(Run&, ResumedWorld&);
};

void read_some(Run& run) {
  std::array<std::uint8_t, 64> buffer{};
  const auto got = run.own.read(buffer);
  if (got) run.delivered += got->size;
}

void exchange(Run& run) {
  for (Session* side : {&run.own, &run.peer}) {
    side->advance();
    if (side->making_evidence() && side->wait_evidence(std::chrono::seconds(5))) side->advance();
  }
  pump(run.own, run.peer);
  run.peer.advance();
  pump(run.peer, run.own);
}

constexpr std::array kActions{
    Action{"advance", [](Run& run, ResumedWorld&) { run.own.advance(); }},
    Action{"exchange",
           [](Run& run, ResumedWorld&) {
             exchange(run);
             run.own.advance();
           }},
    Action{"a byte that is wrong",
           [](Run& run, ResumedWorld&) {
             const std::array<std::uint8_t, 6> junk{0x17, 0x03, 0x03, 0x00, 0x01, 0x2a};
             run.own.feed(junk);
             run.own.advance();
           }},
    Action{"the peer ends",
           [](Run& run, ResumedWorld&) {
             run.own.feed_end();
             run.own.advance();
           }},
    Action{"read", [](Run& run, ResumedWorld&) { read_some(run); }},
    Action{"write",
           [](Run& run, ResumedWorld&) {
             static_cast<void>(run.own.write(as_bytes("x")).has_value());
           }},
    Action{"close",
           [](Run& run, ResumedWorld&) { static_cast<void>(run.own.close().has_value()); }},
    Action{
        "acceptance",
        [](Run& run, ResumedWorld&) { static_cast<void>(run.own.poll_acceptance().has_value()); }},
    Action{"the issuer forgets", [](Run&, ResumedWorld& world) { world.issuer->forget_all(); }},
    Action{"a policy is replaced",
           [](Run&, ResumedWorld& world) {
             static const Policy other = world.world.policy();
             world.verifier->replace_policy(other);
           }},
};

/// Where one call may lead; no row ends outside the table, and two are absorbing.
bool allowed(State from, State to) {
  if (from == to) return true;
  if (from == State::failed || from == State::closed) return false;
  if (from == State::refusing) return to == State::failed;
  if (from == State::open) return to == State::closed || to == State::failed;
  return true;
}

void check(Run& run, State before) {
  const State now = run.own.state();
  CHECK(allowed(before, now));
  const bool ended = now == State::refusing || now == State::failed;
  CHECK((run.own.failure() != nullptr) == ended);
  if (now == State::open || now == State::closed) {
    const Peer* peer = run.own.peer();
    REQUIRE(peer != nullptr);
    CHECK_FALSE(peer->spki().empty());
    if (peer->attested() != nullptr) {
      const bool resumed = peer->attested()->level() == Level::resumed;
      CHECK(resumed == peer->resumed_after().has_value());
      CHECK(run.own.verdict()->resumed_after.has_value() == resumed);
    }
    return;
  }
  CHECK(run.own.peer() == nullptr);
  CHECK_FALSE(run.own.write(as_bytes("leak")));
  CHECK(run.delivered == 0);
}

/// As many as there are between a ClientHello and the VERDICT of a session that is resumed.
constexpr std::size_t kSteps = 4;

Run begin(ResumedWorld& world, const Policy& policy, bool server) {
  world.verifier->replace_policy(policy);
  Session guest = Session::client(world.guest(world.wallet_with_ticket())).value();
  Session broker = Session::server(world.broker()).value();
  if (server) return {std::move(broker), std::move(guest), true};
  return {std::move(guest), std::move(broker), false};
}

void try_order(ResumedWorld& world, Run run, std::size_t steps,
               std::initializer_list<const Action*> actions) {
  for (std::size_t i = 0; i < steps; ++i) {
    const State before = run.own.state();
    exchange(run);
    check(run, before);
  }
  for (const Action* action : actions) {
    const State before = run.own.state();
    action->act(run, world);
    check(run, before);
  }
}

}  // namespace

TEST_CASE("every order of three events on a session that is resumed keeps to the table of states") {
  ResumedWorld world;
  const Policy policy = world.world.policy();
  world.verifier->replace_policy(policy);
  static_cast<void>(world.wallet_with_ticket());  // its evidence is accepted under `policy`
  for (const bool server : {true, false}) {
    for (std::size_t steps = 0; steps < kSteps; ++steps) {
      for (const Action& first : kActions) {
        for (const Action& second : kActions) {
          for (const Action& third : kActions) {
            INFO((server ? "server: " : "client: ")
                 << steps << " exchanges, then " << first.name << ", then " << second.name
                 << ", then " << third.name);
            try_order(world, begin(world, policy, server), steps, {&first, &second, &third});
          }
        }
      }
    }
  }
}

TEST_CASE("the orders above do open sessions that are resumed, on both sides") {
  ResumedWorld world;
  const Policy policy = world.verifier->policy();
  for (const bool server : {true, false}) {
    Run run = begin(world, policy, server);
    for (std::size_t i = 0; i < kSteps; ++i) exchange(run);
    run.own.advance();
    REQUIRE(run.own.state() == State::open);
    CHECK(run.own.peer()->resumed_after());
  }
}
