// Memory that runs out at the n-th allocation of a handshake, for every n: a clean error, nothing
// leaked, and nobody accepted who should not be.
//
// mbedTLS's own arithmetic makes so many that only about kMost of them are tried, evenly spaced;
// all of them with RATLS_TEST_ALL_ALLOCATIONS=1 in the environment.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdlib>
#include <set>
#include <thread>

#include <psa/crypto.h>

#include "../support/failing_memory.h"
#include "framed_world.h"
#include "resumed_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::MemoryPlan;
using Thread = ratls::test::MemoryPlan::Thread;
using State = Session::State;

namespace {

constexpr std::size_t kMost = 1200;
constexpr std::size_t kNever = 1'000'000;
// mbedTLS 3.6.7 frees a transform whose second key could not be imported without destroying its
// first (ssl_tls13_keys.c, mbedtls_ssl_tls13_compute_handshake_transform() and
// ..._compute_application_transform()): one block of PSA's at each of these two places, each side.
// Mbed-TLS/mbedtls issue 10917; docs/decisions/0013-random-numbers.md.
constexpr std::size_t kLeaksOfMbedtls = 4;

constexpr std::array kAccusations{Reason::signature_invalid, Reason::chain_untrusted,
                                  Reason::malformed_endorsement, Reason::malformed_certificate,
                                  Reason::binding_mismatch};

struct Scenario {
  // Made anew for each attempt, so that no cache of a verifier looks like a leak.
  std::function<ClientConfig()> client;
  std::function<ServerConfig()> server;
  bool genuine = true;  ///< may anybody be accepted at all?
  std::vector<Thread> threads = {Thread::this_one, Thread::others};  ///< whose memory runs out
  std::function<void()> after = [] {};                               ///< lets go of what is kept
};

/// How far one attempt came.
struct Attempt {
  std::optional<Reason> client_error;
  std::optional<Reason> server_error;
  bool client_open = false;
  bool server_open = false;
  bool accepted = false;   ///< the client knows that the server accepted it
  bool delivered = false;  ///< an application byte reached the server's application
  bool thrown = false;     ///< an exception left the library
  long leaked = 0;         ///< blocks
  std::size_t counted = 0;
};

std::optional<Reason> reason_of(const Session& session) {
  if (session.failure() == nullptr) return std::nullopt;
  return session.failure()->reason();
}

void exchange(Session& client, Session& server, Attempt& out) {
  ratls::test::run(client, server);
  const auto known = client.poll_acceptance();
  out.accepted = known && *known;
  if (client.state() == State::open && client.write(as_bytes("x"))) {
    ratls::test::run(client, server);
  }
  std::array<std::uint8_t, 4> buffer{};
  const auto got = server.read(buffer);
  out.delivered = got && got->size > 0;
  out.client_open = client.state() == State::open;
  out.server_open = server.state() == State::open && server.peer() != nullptr;
  out.client_error = reason_of(client);
  out.server_error = reason_of(server);
}

void run_planned(const Scenario& scenario, const MemoryPlan& plan, Attempt& out) {
  const ClientConfig client_config = scenario.client();
  const ServerConfig server_config = scenario.server();
  ratls::test::fail_memory(plan);
  try {
    auto client = Session::client(client_config);
    auto server = Session::server(server_config);
    if (!client) out.client_error = client.error().reason();
    if (!server) out.server_error = server.error().reason();
    if (client && server) exchange(*client, *server, out);
  } catch (...) {
    out.thrown = true;
  }
  out.counted = ratls::test::stop_failing_memory();
}

// The attester's thread may still be letting go of the last session's request.
long blocks_beyond(long before) {
  for (int i = 0; i < 200 && ratls::test::live_blocks() > before; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return ratls::test::live_blocks() - before;
}

Attempt attempt(const Scenario& scenario, const MemoryPlan& plan) {
  Attempt out;
  const long before = ratls::test::live_blocks();
  run_planned(scenario, plan, out);
  scenario.after();
  out.leaked = blocks_beyond(before);
  return out;
}

// What stays is a leak where it stays every time; tables that a process makes once are none.
Attempt attempt_for_leaks(const Scenario& scenario, const MemoryPlan& plan) {
  Attempt out = attempt(scenario, plan);
  for (int again = 0; again < 3 && out.leaked > 0; ++again) out = attempt(scenario, plan);
  return out;
}

void check(const Attempt& got, bool genuine) {
  CHECK_FALSE(got.thrown);
  CHECK(got.leaked <= 1);
  const bool both = got.client_open && got.server_open;
  CHECK((both || got.client_error || got.server_error));
  CHECK((!got.delivered || got.server_open || got.server_error));
  if (genuine) return;
  CHECK_FALSE(got.server_open);
  CHECK_FALSE(got.accepted);
  CHECK_FALSE(got.delivered);
}

std::size_t stride_over(std::size_t allocations) {
  if (std::getenv("RATLS_TEST_ALL_ALLOCATIONS") != nullptr) return 1;
  return 1 + allocations / kMost;
}

/// Fails one allocation after the other, until there are no more. What was said of it.
std::set<Reason> sweep(const Scenario& scenario, MemoryPlan plan) {
  plan.nth = kNever;
  const std::size_t stride = stride_over(attempt(scenario, plan).counted);
  std::set<Reason> reasons;
  std::size_t leaks = 0;
  for (plan.nth = 1; plan.nth < kNever; plan.nth += stride) {
    const Attempt got = attempt_for_leaks(scenario, plan);
    INFO("allocation " << plan.nth << " of " << got.counted);
    check(got, scenario.genuine);
    leaks += got.leaked > 0 ? 1U : 0U;
    if (got.counted < plan.nth) {
      CHECK(got.leaked <= 0);
      CHECK(leaks <= kLeaksOfMbedtls);
      return reasons;
    }
    if (got.client_error) reasons.insert(*got.client_error);
    if (got.server_error) reasons.insert(*got.server_error);
  }
  FAIL("no end of allocations");
  return reasons;
}

void sweep_all(const Scenario& scenario) {
  const Attempt whole = attempt(scenario, {kNever, false, Thread::this_one});
  check(whole, scenario.genuine);
  REQUIRE(whole.counted > 100);
  if (scenario.genuine) REQUIRE((whole.accepted && whole.delivered));
  for (const Thread thread : scenario.threads) {
    for (const bool and_later : {false, true}) {
      const auto reasons = sweep(scenario, {1, and_later, thread});
      CHECK(reasons.contains(Reason::out_of_memory));
      for (const Reason reason : reasons) UNSCOPED_INFO(code(reason));
      // Genuine evidence is not called a forgery because memory was short.
      for (const Reason wrong : kAccusations) CHECK_FALSE(reasons.contains(wrong));
    }
  }
}

class World {
 public:
  explicit World(const ratls::test::WorldOptions& options = {}) : world_(options) {}
  AcceptEvidence judge() const {
    return AcceptEvidence{std::make_shared<const Verifier>(policy_, clock_)};
  }
  AttestedWorld& operator*() { return world_; }
  AttestedWorld* operator->() { return &world_; }

 private:
  AttestedWorld world_;
  SystemClock clock_;
  Policy policy_ = world_.policy();
};

}  // namespace

TEST_CASE("a guest's handshake survives the failure of each allocation") {
  World world;
  sweep_all({[&] { return world->guest_config(); },
             [&] { return ServerConfig(world->broker(), world.judge()); }});
}

TEST_CASE("two guests' mutual handshake survives the failure of each allocation") {
  World world;
  sweep_all({[&] { return ClientConfig(world->guest(), world.judge()); },
             [&] { return ServerConfig(world->guest(), world.judge()); }});
}

TEST_CASE("evidence in frames survives the failure of each allocation") {
  World world;
  sweep_all({[&] { return ratls::test::asked_guest(*world); },
             [&] {
               ServerConfig out(world->broker(), world.judge());
               out.framing = Framing::framed;
               return out;
             }});
}

TEST_CASE("a session that is resumed survives the failure of each allocation") {
  ratls::test::ResumedWorld world;
  static_cast<void>(world.wallet_with_ticket());  // the full handshake that all others go back to
  world.issuer->forget_all();
  sweep_all({[&] { return world.guest(world.wallet_with_ticket()); },
             [&] {
               ServerConfig out = world.broker();
               const Policy same = world.verifier->policy();
               out.accept = AcceptEvidence{std::make_shared<const Verifier>(same, world.clock)};
               return out;
             },
             true,
             {Thread::this_one},  // nobody is asked for a report
             [&] { world.issuer->forget_all(); }});
}

TEST_CASE("no allocation that fails makes a refused guest an accepted one") {
  World world(
      {[](sim::ProcessorOptions& guest) { guest.report.launch.policy |= sim::kPolicyDebug; },
       std::chrono::milliseconds(15000)});
  sweep_all({[&] { return world->guest_config(); },
             [&] { return ServerConfig(world->broker(), world.judge()); }, false});
}

// mbedTLS's own generator would ask its entropy pool again after 10,000 draws, and that takes
// memory.
TEST_CASE("mbedTLS's random numbers take no memory, however many are drawn") {
  constexpr int kDraws = 20'001;
  REQUIRE(psa_crypto_init() == PSA_SUCCESS);
  std::array<std::uint8_t, 32> before{};
  std::array<std::uint8_t, 32> drawn{};
  int given = 0;
  int repeated = 0;
  ratls::test::fail_memory({1, true, Thread::this_one});
  for (int i = 0; i < kDraws; ++i) {
    given += psa_generate_random(drawn.data(), drawn.size()) == PSA_SUCCESS ? 1 : 0;
    repeated += drawn == before ? 1 : 0;
    before = drawn;
  }
  const std::size_t asked = ratls::test::stop_failing_memory();
  CHECK(given == kDraws);
  CHECK(repeated == 0);
  CHECK(asked == 0);
}
