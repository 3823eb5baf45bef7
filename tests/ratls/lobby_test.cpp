// Lobby: who of a server's half-open connections is looked at, and who is left alone.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ratls/detail/lobby.h>

#include "attested_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::detail::Lobby;
using ratls::detail::Opening;
using ratls::test::AttestedWorld;

namespace {

AttestedWorld& world() {
  static AttestedWorld world;
  return world;
}

/// A connection that has come into `lobby`, and its peer's end.
struct Caller {
  Caller(Lobby& lobby, ServerConfig config) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    peer = Descriptor(ends[0]);
    auto shared = std::make_shared<const ServerConfig>(std::move(config));
    auto opening = std::make_unique<Opening>(Descriptor(ends[1]), "caller",
                                             Session::server(*shared).value(), shared);
    inside = opening.get();
    REQUIRE(lobby.enter(std::move(opening)));
  }
  void say(ByteView bytes) const {
    REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  Descriptor peer;
  Opening* inside = nullptr;
};

ServerConfig patient() {
  ServerConfig out = world().broker_config();
  out.timeouts.handshake = 60s;
  return out;
}

/// Lets everybody who is due go on; who that was, in that order.
std::vector<Opening*> look(Lobby& lobby, Deadline now = std::chrono::steady_clock::now()) {
  lobby.call(now, true);
  std::vector<Opening*> out;
  while (Opening* opening = lobby.first_due()) {
    out.push_back(opening);
    if (opening->advance() == Opening::State::going_on) {
      lobby.stay();
    } else {
      static_cast<void>(lobby.leave());
    }
  }
  return out;
}

}  // namespace

TEST_CASE("who comes in is looked at once, and then not before it says something") {
  Lobby lobby;
  const Caller first(lobby, patient());
  const Caller second(lobby, patient());
  CHECK(look(lobby) == std::vector<Opening*>{first.inside, second.inside});
  CHECK(look(lobby).empty());
  second.say(Bytes{0x16});
  CHECK(look(lobby) == std::vector<Opening*>{second.inside});
  CHECK(look(lobby).empty());
  second.say(Bytes{0x03});
  first.say(Bytes{0x16});
  CHECK(look(lobby) == std::vector<Opening*>{second.inside, first.inside});
}

TEST_CASE("more callers than one answer of the system holds are all found") {
  Lobby lobby;
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 200; ++i) callers.push_back(std::make_unique<Caller>(lobby, patient()));
  CHECK(look(lobby).size() == 200);
  for (const auto& caller : callers) caller->say(Bytes{0x16});
  CHECK(look(lobby).size() == 200);
  CHECK(look(lobby).empty());
}

TEST_CASE("whose deadline is over is due without a word, the earliest first") {
  Lobby lobby;
  CHECK(lobby.deadline() == Deadline::max());
  ServerConfig brief = patient();
  brief.timeouts.handshake = 50ms;
  const Caller late(lobby, patient());
  const Caller early(lobby, brief);
  CHECK(look(lobby).size() == 2);
  CHECK(lobby.deadline() == early.inside->deadline());
  ::usleep(60000);
  CHECK(look(lobby) == std::vector<Opening*>{early.inside});
  CHECK(lobby.deadline() == late.inside->deadline());
}

TEST_CASE(
    "a peer that hangs up while this side's evidence is awaited does not keep the server busy") {
  Lobby lobby;
  const AcceptEvidence evidence{world().verifier()};
  Caller caller(lobby, ServerConfig(world().guest(), evidence));
  auto client = Session::client(ClientConfig(world().guest(), evidence)).value();
  client.advance();
  world().gate().shut();
  caller.say(client.output());
  CHECK(look(lobby).size() == 1);
  REQUIRE(caller.inside->events() == 0);
  caller.peer = Descriptor();
  lobby.call(std::chrono::steady_clock::now(), true);  // as after a ring of the bell
  REQUIRE(lobby.first_due() == caller.inside);         // so that evidence is found
  lobby.stay();
  std::array<pollfd, 1> polled{{{lobby.fd(), POLLIN, 0}}};
  CHECK(::poll(polled.data(), 1, 50) == 0);
  world().gate().open();
}

TEST_CASE(
    "who waits for evidence costs nothing when another peer moves, and is looked at each second") {
  Lobby lobby;
  const AcceptEvidence evidence{world().verifier()};
  const Caller waiting(lobby, ServerConfig(world().guest(), evidence));
  const Caller other(lobby, patient());
  auto client = Session::client(ClientConfig(world().guest(), evidence)).value();
  client.advance();
  world().gate().shut();
  waiting.say(client.output());
  const Deadline now = std::chrono::steady_clock::now();
  CHECK(look(lobby, now).size() == 2);
  REQUIRE(waiting.inside->events() == 0);
  other.say(Bytes{0x16});
  lobby.call(now + 999ms, false);
  CHECK(lobby.first_due() == other.inside);
  other.inside->advance();
  lobby.stay();
  CHECK(lobby.first_due() == nullptr);
  lobby.call(now + 1000ms, false);  // evidence that failed for good says nothing
  CHECK(lobby.first_due() == waiting.inside);
  lobby.stay();
  lobby.call(now + 1500ms, true);
  CHECK(lobby.first_due() == waiting.inside);
  world().gate().open();
}

TEST_CASE("who left is not called, even where its socket is still open elsewhere") {
  Lobby lobby;
  const Caller caller(lobby, patient());
  CHECK(look(lobby).size() == 1);
  const Descriptor held(::dup(caller.inside->socket()));  // as in a program that is being started
  caller.say(Bytes{0x47});                                // no record of TLS
  lobby.call(std::chrono::steady_clock::now(), true);
  REQUIRE(lobby.first_due() == caller.inside);
  auto gone = lobby.leave();
  CHECK(gone.get() == caller.inside);
  gone.reset();
  std::array<pollfd, 1> polled{{{lobby.fd(), POLLIN, 0}}};
  CHECK(::poll(polled.data(), 1, 50) == 0);
  CHECK(look(lobby).empty());
  CHECK(lobby.deadline() == Deadline::max());
}

TEST_CASE("where the system watches no descriptor, nobody has come in") {
  Lobby lobby;
  auto config = std::make_shared<const ServerConfig>(patient());
  auto opening =
      std::make_unique<Opening>(Descriptor(), "nobody", Session::server(*config).value(), config);
  const auto entered = lobby.enter(std::move(opening));
  REQUIRE_FALSE(entered);
  CHECK(entered.error().reason() == Reason::io_error);
  CHECK(lobby.first_due() == nullptr);
  CHECK(lobby.deadline() == Deadline::max());
}
