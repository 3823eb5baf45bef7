// Identities and policies that are replaced while connections come: nobody fails by it, and what
// was begun goes on as it began.
#include <catch2/catch_test_macros.hpp>

#include "../support/sim_world.h"
#include "key_bound_identity.h"
#include "running_server.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::echo;
using ratls::test::key_bound_identity;
using ratls::test::read_to_end;
using ratls::test::Running;
using ratls::test::world;
using State = Session::State;

namespace {

// A guest on a machine of its own, which ends with the last session that uses it. `ended` counts.
class CountedSource final : public ReportSource {
 public:
  CountedSource(std::unique_ptr<ReportSource> inner, std::atomic<int>& ended)
      : inner_(std::move(inner)), ended_(ended) {}
  ~CountedSource() override { ++ended_; }
  CountedSource(const CountedSource&) = delete;
  CountedSource& operator=(const CountedSource&) = delete;
  Result<AttestationReport> get(const ReportData& data) override { return inner_->get(data); }
  [[nodiscard]] std::string_view name() const noexcept override { return inner_->name(); }
  [[nodiscard]] bool simulated() const noexcept override { return inner_->simulated(); }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return inner_->pace(); }

 private:
  std::unique_ptr<ReportSource> inner_;
  std::atomic<int>& ended_;
};

AttestedIdentity new_guest(std::atomic<int>& ended) {
  static test::SimWorld machines;
  auto attester =
      std::make_shared<Attester>(std::make_unique<CountedSource>(machines.processor(), ended));
  REQUIRE(attester->start());
  return AttestedIdentity(std::move(attester));
}

std::shared_ptr<const Verifier> new_verifier() {
  static const SystemClock clock;
  return std::make_shared<const Verifier>(world().verifier()->policy(), clock);
}

// Accepts by evidence only: of the session, or over the key.
ClientConfig caller() {
  return ClientConfig(world().guest(), AcceptEvidence{new_verifier(), true});
}

std::string call(const Address& address, const ClientConfig& config) {
  auto opened = connect(address, config);
  if (!opened.channel) return opened.channel.error().message();
  Channel channel = std::move(opened.channel).value();
  if (!channel.write(as_bytes("hello")) || !channel.close()) return "not sent";
  const auto got = read_to_end(channel);
  return got ? *got : got.error().message();
}

// What went wrong for clients that call without a pause while `rotate` is called again and again.
std::vector<std::string> under_load(Running& running, int rotations,
                                    const std::function<void(int)>& rotate, int& calls) {
  std::atomic<bool> over{false};
  std::atomic<int> count{0};
  std::mutex mutex;
  std::vector<std::string> wrong;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      const ClientConfig config = caller();
      while (!over) {
        const std::string said = call(running.address(), config);
        ++count;
        if (said == "hello") continue;
        const std::lock_guard lock(mutex);
        wrong.push_back(said);
      }
    });
  }
  for (int i = 0; i < rotations; ++i) {
    rotate(i);
    const int before = count;
    for (int wait = 0; wait < 400 && count < before + 2; ++wait) std::this_thread::sleep_for(5ms);
  }
  over = true;
  for (std::thread& client : clients) client.join();
  calls = count;
  return wrong;
}

}  // namespace

TEST_CASE(
    "identities of every kind and policies rotate under load: nobody fails, old channels live") {
  std::atomic<int> ended{0};
  const ServerConfig first(new_guest(ended), AcceptEvidence{new_verifier()});
  Running running(first);
  auto opened = connect(running.address(), caller());
  REQUIRE(opened.channel);
  Channel old = std::move(opened.channel).value();
  int calls = 0;
  const auto rotate = [&](int i) {
    ServerConfig next = i % 2 == 0 ? ServerConfig(key_bound_identity(world(), Role::server),
                                                  AcceptEvidence{new_verifier()})
                                   : ServerConfig(new_guest(ended), AcceptEvidence{new_verifier()});
    CHECK(running.server().replace_config(std::move(next)));
  };
  const auto wrong = under_load(running, 20, rotate, calls);
  INFO((wrong.empty() ? std::string() : wrong.front()));
  CHECK(wrong.empty());
  CHECK(calls >= 40);
  CHECK(running.refused().empty());
  // The channel that the first identity opened.
  REQUIRE(old.write(as_bytes("still here")));
  REQUIRE(old.close());
  CHECK(read_to_end(old).value() == "still here");
  // What nobody uses any more has ended, and not only with the server.
  CHECK(ended >= 5);
}

TEST_CASE("a policy is replaced under load, and every verdict names one policy or the other") {
  Running running(world().broker_config());
  static const SystemClock clock;
  auto verifier = std::make_shared<Verifier>(world().verifier()->policy(), clock);
  REQUIRE(running.server().replace_config(
      ServerConfig(key_bound_identity(world(), Role::server), AcceptEvidence{verifier})));
  int calls = 0;
  const auto wrong = under_load(
      running, 40, [&](int) { verifier->replace_policy(world().verifier()->policy()); }, calls);
  INFO((wrong.empty() ? std::string() : wrong.front()));
  CHECK(wrong.empty());
  CHECK(running.refused().empty());
}

TEST_CASE("a configuration that cannot work is refused by a running server, which goes on") {
  Running running(world().broker_config());
  const auto none = std::shared_ptr<const CertificateIdentity>();
  const auto refused =
      running.server().replace_config(ServerConfig(none, AcceptEvidence{world().verifier()}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason() == Reason::invalid_config);
  CHECK(test::ask(running.address(), "as before") == "as before");
}

TEST_CASE("a handshake that is under way ends under the configuration that it began with") {
  test::AttestedWorld own;
  Running running(own.broker_config());
  own.gate().shut();
  std::string said;
  std::thread client([&] { said = call(running.address(), own.guest_config()); });
  std::this_thread::sleep_for(200ms);
  // Another identity, and nobody is accepted any more.
  REQUIRE(running.server().replace_config(
      ServerConfig(own.visitor(), AcceptKey{own.visitor()->spki_sha256()})));
  own.gate().open();
  client.join();
  CHECK(said == "hello");
  CHECK(running.refused().empty());
  CHECK_FALSE(connect(running.address(), own.guest_config()).channel);
}

TEST_CASE("attack 19: a policy replaced in mid-handshake judges whoever was not judged yet") {
  test::AttestedWorld own;
  const SystemClock clock;
  const auto verifier = std::make_shared<Verifier>(own.policy(), clock);
  const ServerConfig config(own.broker(), AcceptEvidence{verifier});
  const auto other = *sim::Digest48::from(Bytes(48, 0x44));
  for (const bool narrowed : {true, false}) {
    CAPTURE(narrowed);
    verifier->replace_policy(narrowed ? own.policy() : own.policy(other));
    own.gate().shut();
    Session guest = Session::client(own.guest_config()).value();
    Session broker = Session::server(config).value();
    for (int i = 0; i < 4; ++i) {
      guest.advance();
      test::pump(guest, broker);
      broker.advance();
      test::pump(broker, guest);
    }
    REQUIRE(guest.state() == State::awaiting_evidence);
    REQUIRE(broker.state() == State::handshaking);
    verifier->replace_policy(narrowed ? own.policy(other) : own.policy());
    own.gate().open();
    test::run(guest, broker);
    if (narrowed) {
      REQUIRE(broker.state() == State::refusing);
      CHECK(broker.failure()->reason() == Reason::measurement_not_allowed);
    } else {
      CHECK(broker.state() == State::open);
    }
    CHECK(broker.verdict()->policy->sha256 == verifier->policy().sha256());
  }
}

TEST_CASE("attack 19: a policy replaced behind a judged handshake changes nothing of its verdict") {
  test::AttestedWorld own;
  const SystemClock clock;
  const auto verifier = std::make_shared<Verifier>(own.policy(), clock);
  test::SessionPair pair(own.guest_config(), ServerConfig(own.broker(), AcceptEvidence{verifier}));
  REQUIRE(pair.server.state() == State::open);
  const auto before = pair.server.verdict()->policy->sha256;
  verifier->replace_policy(own.policy(*sim::Digest48::from(Bytes(48, 0x44))));
  REQUIRE(pair.client.write(as_bytes("goes on")));
  CHECK(test::read_text(pair.server, pair.client).value() == "goes on");
  CHECK(pair.server.verdict()->policy->sha256 == before);
}

TEST_CASE("a session keeps its identity, verifier and configuration alive by itself") {
  std::atomic<int> ended{0};
  std::optional<Session> client;
  std::optional<Session> server;
  {
    const ClientConfig guest(new_guest(ended), AcceptEvidence{new_verifier(), true});
    const ServerConfig broker(key_bound_identity(world(), Role::server),
                              AcceptEvidence{new_verifier()});
    client.emplace(Session::client(guest).value());
    server.emplace(Session::server(broker).value());
    client->advance();
    test::pump(*client, *server);
  }
  CHECK(ended == 0);
  test::run(*client, *server);
  CHECK(client->state() == State::open);
  CHECK(server->state() == State::open);
  client.reset();
  server.reset();
  CHECK(ended == 1);
}
