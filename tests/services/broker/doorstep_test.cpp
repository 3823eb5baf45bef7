// Who comes in when, and who is turned away by which rule.

#include <catch2/catch_test_macros.hpp>

#include <ratls/services/broker/doorstep.h>

namespace ratls {

namespace {

using namespace std::chrono_literals;
using broker::Doorstep;
using broker::DoorstepLimits;
using broker::TurnedAway;

/// A peer that says what the test wants it to.
class Peer {
 public:
  class Wire final : public io::Stream {
   public:
    explicit Wire(Peer& peer) : peer_(&peer) { peer.wire_ = this; }
    ~Wire() override {
      if (peer_ != nullptr) peer_->wire_ = nullptr;
    }
    void start(Events events) override { events_ = std::move(events); }
    void pause() override { paused = true; }
    void resume() override { paused = false; }
    void write(ByteView) override {}
    [[nodiscard]] std::size_t queued() const override { return 0; }
    void end() override {}
    void abort() override {}
    Events events_;
    bool paused = false;
    Peer* peer_;
  };
  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (wire_ != nullptr) wire_->peer_ = nullptr;
  }

  std::unique_ptr<io::Stream> wire() { return std::make_unique<Wire>(*this); }
  [[nodiscard]] bool there() const { return wire_ != nullptr; }
  [[nodiscard]] bool paused() const { return wire_->paused; }
  void say(std::string_view text) {
    const auto call = wire_->events_.bytes;
    call(as_bytes(text));
  }
  void leave() {
    const auto call = wire_->events_.end;
    call();
  }

 private:
  Wire* wire_ = nullptr;
};

struct World {
  io::Loop loop;
  std::vector<std::string> begun;
  std::vector<std::string> turned_away;
  std::vector<std::unique_ptr<io::Stream>> streams;
  std::vector<std::chrono::milliseconds> left;
  bool refuse = false;
  Doorstep doorstep;

  explicit World(DoorstepLimits limits)
      : doorstep(loop, limits,
                 {[this](auto stream, const std::string& from, std::uint64_t, auto time) {
                    begun.push_back(from);
                    left.push_back(time);
                    if (refuse) return false;
                    streams.push_back(std::move(stream));
                    return true;
                  },
                  [this](TurnedAway why, const std::string& from) {
                    turned_away.push_back(from + " " + std::string(broker::name(why)));
                  }}) {}

  void run(std::chrono::milliseconds time = 20ms) {
    io::Timer end(loop);
    end.start(time, [this] { loop.stop(); });
    loop.run();
  }
};

DoorstepLimits limits(std::uint64_t handshakes, std::uint64_t of_one = 100) {
  return {100, 100, handshakes, of_one, 20s};
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("who only connects takes no handshake's place") {
  World world(limits(1));
  std::array<Peer, 5> silent;
  for (Peer& peer : silent) world.doorstep.take(peer.wire(), "10.0.0.1:1", 0);
  Peer speaks;
  world.doorstep.take(speaks.wire(), "10.0.0.2:1", 0);
  speaks.say("hello");
  CHECK(world.begun == Texts{"10.0.0.2:1"});
  CHECK(world.doorstep.waiting() == 5);
  CHECK(world.doorstep.handshakes() == 1);
  CHECK(speaks.paused());
}

TEST_CASE("what a guest said before its turn is the first that its handshake reads") {
  World world(limits(1));
  Peer peer;
  world.doorstep.take(peer.wire(), "10.0.0.1:1", 0);
  peer.say("hello");
  REQUIRE(world.streams.size() == 1);
  std::string got;
  io::Stream::Events events;
  events.bytes = [&](ByteView bytes) { got += to_string(bytes); };
  world.streams[0]->start(std::move(events));
  CHECK(got.empty());  // not inside start()
  world.run();
  CHECK(got == "hello");
  CHECK_FALSE(peer.paused());
  peer.say(" again");
  CHECK(got == "hello again");
}

TEST_CASE("guests that wait are let in in the order in which they came") {
  World world(limits(1));
  std::array<Peer, 4> peers;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    world.doorstep.take(peers[i].wire(), "10.0.0." + std::to_string(i) + ":1", 0);
  }
  for (const std::size_t i : {3U, 2U, 1U, 0U}) peers[i].say("hello");
  CHECK(world.begun == Texts{"10.0.0.3:1"});
  for (const char* from : {"10.0.0.3:1", "10.0.0.0:1", "10.0.0.1:1"}) {
    world.doorstep.handshake_over(from);
    world.run();
  }
  CHECK(world.begun == Texts{"10.0.0.3:1", "10.0.0.0:1", "10.0.0.1:1", "10.0.0.2:1"});
  CHECK(world.doorstep.connections() == 4);
}

TEST_CASE("an address that has its share of places is passed over, and nobody else waits for it") {
  World world(limits(4, 2));
  std::array<Peer, 5> many;
  for (Peer& peer : many) {
    world.doorstep.take(peer.wire(), "10.0.0.1:1", 0);
    peer.say("hello");
  }
  Peer other;
  world.doorstep.take(other.wire(), "10.0.0.2:1", 0);
  other.say("hello");
  CHECK(world.begun == Texts{"10.0.0.1:1", "10.0.0.1:1", "10.0.0.2:1"});
  world.doorstep.handshake_over("10.0.0.1:1");
  world.run();
  CHECK(world.begun.size() == 4);
  CHECK(world.doorstep.handshakes() == 3);
}

TEST_CASE("an IPv6 network of 64 bits is one address, and mapped IPv4 addresses are several") {
  World world(limits(100, 1));
  std::array<Peer, 4> peers;
  const std::array<std::string, 4> from{"[2001:db8::1]:1", "[2001:db8::2]:1", "[::ffff:10.0.0.1]:1",
                                        "[::ffff:10.0.0.2]:1"};
  for (std::size_t i = 0; i < peers.size(); ++i) {
    world.doorstep.take(peers[i].wire(), from[i], 0);
    peers[i].say("hello");
  }
  CHECK(world.begun == Texts{from[0], from[2], from[3]});
}

TEST_CASE("who waits as long as a handshake may take is turned away, silent or not") {
  DoorstepLimits short_patience = limits(1);
  short_patience.patience = 60ms;
  World world(short_patience);
  std::array<Peer, 3> peers;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    world.doorstep.take(peers[i].wire(), "10.0.0." + std::to_string(i) + ":1", 0);
  }
  peers[0].say("hello");
  peers[1].say("hello");
  world.run(500ms);
  CHECK(world.turned_away == Texts{"10.0.0.1:1 waited", "10.0.0.2:1 silent"});
  CHECK(peers[0].there());
  CHECK_FALSE(peers[1].there());
  CHECK(world.doorstep.connections() == 1);
}

TEST_CASE("the time that a guest waited is taken from the time of its handshake") {
  World world(limits(1));
  std::array<Peer, 2> peers;
  for (Peer& peer : peers) {
    world.doorstep.take(peer.wire(), "10.0.0.1:1", 0);
    peer.say("hello");
  }
  world.run(50ms);
  world.doorstep.handshake_over("10.0.0.1:1");
  world.run();
  REQUIRE(world.left.size() == 2);
  CHECK(world.left[1] <= 19950ms);
}

TEST_CASE("connections beyond a limit are turned away by name, and room is made by who goes") {
  DoorstepLimits few = limits(100);
  few.connections = 3;
  few.per_address = 2;
  World world(few);
  std::array<Peer, 5> peers;
  for (const std::size_t i : {0U, 1U, 2U}) world.doorstep.take(peers[i].wire(), "10.0.0.1:1", 0);
  world.doorstep.take(peers[3].wire(), "10.0.0.2:1", 0);
  world.doorstep.take(peers[4].wire(), "10.0.0.3:1", 0);
  CHECK(world.turned_away == Texts{"10.0.0.1:1 address", "10.0.0.3:1 connections"});
  peers[0].leave();
  CHECK(world.turned_away.back() == "10.0.0.1:1 silent");
  Peer late;
  world.doorstep.take(late.wire(), "10.0.0.1:1", 0);
  CHECK(world.doorstep.connections() == 3);
}

TEST_CASE("a first message that no TLS client sends costs no memory and no place") {
  World world(limits(1));
  Peer peer;
  world.doorstep.take(peer.wire(), "10.0.0.1:1", 0);
  peer.say(std::string(io::HeldStream::kMost + 1, 'x'));
  CHECK(world.turned_away == Texts{"10.0.0.1:1 overlong"});
  world.run();
  CHECK_FALSE(peer.there());
  CHECK(world.doorstep.connections() == 0);
}

TEST_CASE("a place whose handshake could not begin is free again") {
  World world(limits(1));
  world.refuse = true;
  std::array<Peer, 3> peers;
  for (Peer& peer : peers) {
    world.doorstep.take(peer.wire(), "10.0.0.1:1", 0);
    peer.say("hello");
  }
  world.run();
  CHECK(world.begun.size() == 3);
  CHECK(world.doorstep.handshakes() == 0);
  CHECK(world.doorstep.connections() == 0);
}

TEST_CASE("a broker that ends turns away whoever comes, and lets in who had come and speaks") {
  World world(limits(1));
  std::array<Peer, 4> peers;
  for (std::size_t i = 0; i < 3; ++i) {
    world.doorstep.take(peers[i].wire(), "10.0.0." + std::to_string(i) + ":1", 0);
  }
  peers[0].say("hello");
  peers[1].say("hello");
  world.doorstep.close();
  world.doorstep.take(peers[3].wire(), "10.0.0.3:1", 0);
  CHECK(world.turned_away == Texts{"10.0.0.3:1 stopping"});
  world.doorstep.handshake_over("10.0.0.0:1");
  peers[2].say("hello");
  world.run();
  CHECK(world.begun == Texts{"10.0.0.0:1", "10.0.0.1:1"});
  world.doorstep.handshake_over("10.0.0.1:1");
  world.run();
  CHECK(world.begun == Texts{"10.0.0.0:1", "10.0.0.1:1", "10.0.0.2:1"});
  CHECK(world.doorstep.waiting() == 0);
}

TEST_CASE("a broker that ends waits a second for a first word, and longer for who has spoken") {
  World world(limits(1));
  std::array<Peer, 3> peers;
  for (std::size_t i = 0; i < 3; ++i) {
    world.doorstep.take(peers[i].wire(), "10.0.0." + std::to_string(i) + ":1", 0);
  }
  peers[0].say("hello");
  peers[1].say("hello");
  world.doorstep.close();
  world.run(Doorstep::kLastWord - 300ms);
  CHECK(world.turned_away.empty());
  world.run(600ms);
  CHECK(world.turned_away == Texts{"10.0.0.2:1 stopping"});
  CHECK(peers[1].there());
  CHECK_FALSE(peers[2].there());
}

TEST_CASE("handshakes at once follow the memory that there is, and what is written counts more") {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  broker::BrokerLimits written;
  CHECK(broker::doorstep_limits(written, 64 * 1024 * kMiB).handshakes == 512);
  CHECK(broker::doorstep_limits(written, 64 * 1024 * kMiB).handshakes_per_address == 128);
  CHECK(broker::doorstep_limits(written, 64 * kMiB).handshakes == 227);
  CHECK(broker::doorstep_limits(written, 0).handshakes == 8);
  written.handshakes = 3;
  CHECK(broker::doorstep_limits(written, 0).handshakes == 3);
  CHECK(broker::doorstep_limits(written, 0).handshakes_per_address == 1);
  written.handshakes_per_address = 2;
  CHECK(broker::doorstep_limits(written, 0).handshakes_per_address == 2);
  CHECK(broker::usable_memory() > 16 * kMiB);
}

}  // namespace ratls
