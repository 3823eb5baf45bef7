// Many guests of one program that share a wallet, against a server that others use too.
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "resumed_world.h"
#include "running_server.h"

using namespace ratls;
using ratls::test::ResumedWorld;
using ratls::test::Running;

namespace {

constexpr int kThreads = 4;
constexpr int kConnections = 12;

/// What came of all connections.
struct Count {
  std::atomic<int> answered{0};
  std::atomic<int> resumed{0};
};

void visit(const Address& address, const ClientConfig& config, Count& count) {
  auto opened = connect(address, config);
  if (!opened.channel) return;
  Channel channel = std::move(opened.channel).value();
  const bool again = channel.peer().resumed_after().has_value();
  if (!channel.write(as_bytes("hello")) || !channel.close()) return;
  const auto got = ratls::test::read_to_end(channel);
  if (!got || *got != "hello") return;
  ++count.answered;
  count.resumed += again ? 1 : 0;
}

}  // namespace

TEST_CASE("threads that share a wallet are all served, and no ticket is shown twice") {
  ResumedWorld world;
  Running running(world.broker());
  const auto wallet = ResumedWorld::wallet();
  const ClientConfig config = world.guest(wallet);
  Count count;
  visit(running.address(), config, count);  // the first ticket
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kConnections; ++j) visit(running.address(), config, count);
    });
  }
  for (std::thread& thread : threads) thread.join();
  running.join();
  CHECK(count.answered == 1 + kThreads * kConnections);
  CHECK(count.resumed > 0);
  // Each connection that was not resumed attested; of the tickets none was refused as used.
  CHECK(running.refused().empty());
  CHECK(wallet->size() <= kThreads);
  CHECK(world.issuer->remembered() == wallet->size());
}

TEST_CASE("policies that are replaced under load cost tickets, and refuse nobody for good") {
  ResumedWorld world;
  Running running(world.broker());
  const ClientConfig config = world.guest(ResumedWorld::wallet());
  Count count;
  std::atomic<bool> over{false};
  std::thread operator_of_it([&] {
    while (!over) {
      world.verifier->replace_policy(world.world.policy());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  for (int i = 0; i < 2 * kConnections; ++i) visit(running.address(), config, count);
  over = true;
  operator_of_it.join();
  running.join();
  // One that was under way when the policy changed is refused, and comes again with evidence.
  for (const Reason reason : running.refused()) CHECK(reason == Reason::ticket_policy_replaced);
  CHECK(count.answered + static_cast<int>(running.refused().size()) == 2 * kConnections);
}
