// Which judged channels carry another request: those whose acceptance still holds.

#include <catch2/catch_test_macros.hpp>

#include <ratls/services/egress/pool.h>

#include "../../ratls/attested_world.h"
#include "../tunnel/backend.h"

namespace ratls {

namespace {

using egress::Link;
using egress::Pool;
using egress::Upstream;
using namespace std::chrono_literals;

class MovingClock final : public Clock {
 public:
  [[nodiscard]] std::optional<Timestamp> now() const override { return moment; }
  std::optional<Timestamp> moment;
};

const test::AttestedWorld& world() {
  static const test::AttestedWorld world;
  return world;
}

// An attested server before a plain one, and a pool of channels to it.
class PoolOfOne {
 public:
  explicit PoolOfOne(egress::PoolLimits limits = {}) : pool(loop, limits, clock, note()) {
    clock.moment = Timestamp{1};
  }

  Pool::Taken open() {
    Pool::Taken taken = pool.fresh(upstream);
    Link::Events events;
    events.opened = [this] { loop.stop(); };
    events.failed = [this](const Error& error) {
      FAIL_CHECK(error.message());
      loop.stop();
    };
    taken.link->open(std::move(events));
    loop.run();
    REQUIRE(taken.link->is_open());
    return taken;
  }

  bool waits() {
    Pool::Taken taken = pool.take(upstream);
    const bool used = taken.used;
    if (used) pool.give_back(std::move(taken));
    return used;
  }

  MovingClock clock;
  io::Loop loop;
  test::Backend backend{test::echo};
  test::RunningService server{tunnel::Plan{
      ServerConfig(world().guest(), AcceptEvidence{world().verifier()}), backend.where(), 5000ms}};
  std::shared_ptr<const Upstream> upstream = make_upstream();
  std::vector<std::string> handshakes;
  Pool pool;

 private:
  Link::Report note() {
    return [this](const egress::Handshake& handshake) {
      handshakes.emplace_back(handshake.error == nullptr ? "accepted"
                                                         : code(handshake.error->reason()));
    };
  }

  std::shared_ptr<const Upstream> make_upstream() {
    Upstream out;
    out.name = "llm";
    out.to = io::Endpoint{server.address(), {}};
    out.channel.emplace(world().guest(), AcceptEvidence{world().verifier()});
    out.attested = true;
    return std::make_shared<const Upstream>(std::move(out));
  }
};

}  // namespace

TEST_CASE("a channel waits until what its peer was accepted by ends, and not a second longer") {
  PoolOfOne one;
  Pool::Taken taken = one.open();
  const auto until = taken.link->valid_until();
  REQUIRE(until);
  one.clock.moment = Timestamp{until->unix_seconds - 1};
  one.pool.give_back(std::move(taken));
  CHECK(one.waits());
  one.clock.moment = *until;
  CHECK_FALSE(one.waits());
  CHECK(one.pool.size() == 0);
}

TEST_CASE("a channel that comes back when its peer's evidence has expired is closed") {
  PoolOfOne one;
  Pool::Taken taken = one.open();
  one.clock.moment = taken.link->valid_until();
  one.pool.give_back(std::move(taken));
  CHECK(one.pool.size() == 0);
}

TEST_CASE("while nobody knows the time no attested channel waits") {
  PoolOfOne one;
  one.pool.give_back(one.open());
  CHECK(one.waits());
  one.clock.moment.reset();
  CHECK_FALSE(one.waits());
}

TEST_CASE("what was judged under rules that were replaced waits no longer, idle or in use") {
  PoolOfOne one;
  one.pool.give_back(one.open());
  Pool::Taken in_use = one.open();
  one.pool.clear();
  CHECK(one.pool.size() == 0);
  one.pool.give_back(std::move(in_use));
  CHECK(one.pool.size() == 0);
  one.pool.give_back(one.open());
  CHECK(one.waits());
}

TEST_CASE("a channel that is older than its lifetime is judged anew") {
  egress::PoolLimits limits;
  limits.lifetime = 0ms;
  PoolOfOne one(limits);
  one.pool.give_back(one.open());
  CHECK_FALSE(one.waits());
}

TEST_CASE("each handshake is reported once, and what ends an open channel is none") {
  PoolOfOne one;
  {
    Pool::Taken taken = one.open();
    CHECK(one.handshakes == std::vector<std::string>{"accepted"});
    one.server.stop();
    one.server.join();
  }
  Pool::Taken late = one.pool.fresh(one.upstream);
  Link::Events events;
  events.failed = [&](const Error&) { one.loop.stop(); };
  late.link->open(std::move(events));
  one.loop.run();
  CHECK(one.handshakes == std::vector<std::string>{"accepted", "connection_failed"});
}

}  // namespace ratls
