// What a tunnel service that stops ends at once, and what it lets go on.

#include <catch2/catch_test_macros.hpp>

#include <ratls/channel.h>

#include "../../ratls/attested_world.h"
#include "backend.h"

namespace ratls {

namespace {

using test::Backend;
using test::must;
using test::RunningService;
using tunnel::Limits;
using tunnel::Plan;
using namespace std::chrono_literals;

using Clock = std::chrono::steady_clock;
using Ends = std::vector<std::string>;

const test::AttestedWorld& world() {
  static const test::AttestedWorld world;
  return world;
}

Plan serve_to(const Backend& backend) {
  return {world().broker_config(), backend.where(), 5000ms};
}

// 20 s to drain: what ends sooner has ended by itself.
Limits limits(std::chrono::milliseconds silence = 400ms, std::chrono::milliseconds drain = 20s) {
  return {10, 10, drain, silence};
}

Channel opened(const RunningService& service) {
  auto channel = std::move(connect(service.address(), world().guest_config()).channel).value();
  must(channel.accepted());
  return channel;
}

std::string read_some(Channel& channel) {
  std::array<std::uint8_t, 64> chunk{};
  const auto got = channel.read(chunk);
  return got ? to_string(ByteView(chunk).first(*got)) : std::string(code(got.error().reason()));
}

std::string read_some(Transport& stream) {
  std::array<std::uint8_t, 64> chunk{};
  const auto got = stream.read(chunk, after(10s));
  return got ? to_string(ByteView(chunk).first(*got)) : std::string(code(got.error().reason()));
}

void say(Transport& stream, const std::string& text) {
  must(stream.write(as_bytes(text), after(10s)));
}

/// Calls stop(), and says how long the service took from there to its end.
std::chrono::milliseconds time_to_stop(RunningService& service) {
  const auto start = Clock::now();
  service.stop();
  service.join();
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

/// A server that answers each question after a while, and ends when its client has.
Backend::Serve thinking(std::chrono::milliseconds time, std::atomic<bool>* saw_end = nullptr) {
  return [time, saw_end](Transport& stream) {
    while (true) {
      const std::string question = read_some(stream);
      if (question.empty() && saw_end != nullptr) *saw_end = true;
      if (question.empty() || question == "connection_closed") return;
      std::this_thread::sleep_for(time);
      say(stream, "to " + question);
    }
  };
}

}  // namespace

TEST_CASE("a tunnel whose question was answered is ended in order on both sides, and soon") {
  std::atomic<bool> saw_end{false};
  const Backend backend(thinking(0ms, &saw_end));
  RunningService service(serve_to(backend), limits());
  auto channel = opened(service);
  must(channel.write(as_bytes("one")));
  CHECK(read_some(channel) == "to one");
  std::string last = "nothing";
  std::thread client([&] {
    last = read_some(channel);
    must(channel.close());
  });
  CHECK(time_to_stop(service) < 5s);
  client.join();
  CHECK(last.empty());  // close_notify, not a cut
  CHECK(saw_end);
  CHECK(service.ends() == Ends{"closed"});
}

TEST_CASE("a tunnel over which nothing was ever said is ended, too") {
  const Backend backend(test::echo);
  RunningService service(serve_to(backend), limits());
  auto channel = opened(service);
  CHECK(time_to_stop(service) < 5s);
  CHECK(read_some(channel).empty());
}

TEST_CASE("peers that do not end after this side's end hold nothing up") {
  std::atomic<bool> over{false};
  const Backend backend([&](Transport& stream) {
    say(stream, "hello");
    while (!over) std::this_thread::sleep_for(5ms);
  });
  RunningService service(serve_to(backend), limits());
  auto channel = opened(service);
  CHECK(read_some(channel) == "hello");
  CHECK(time_to_stop(service) < 5s);  // neither side has answered its end
  over = true;
  CHECK(service.ends() == Ends{"closed"});
}

TEST_CASE("a tunnel that waits for an answer goes on however long the server thinks") {
  const Backend backend(thinking(2000ms));
  RunningService service(serve_to(backend), limits(300ms));
  auto channel = opened(service);
  must(channel.write(as_bytes("one")));
  std::string answer;
  std::string last = "nothing";
  std::thread client([&] {
    answer = read_some(channel);
    last = read_some(channel);
  });
  const auto took = time_to_stop(service);
  client.join();
  CHECK(answer == "to one");
  CHECK(last.empty());
  CHECK(took > 1500ms);
  CHECK(took < 8s);
}

TEST_CASE("a client that has ended its sending still gets its answer") {
  const Backend backend([](Transport& stream) {
    const auto question = test::read_all(stream, 10s);
    std::this_thread::sleep_for(1500ms);
    say(stream, "to " + question.value());
    stream.end_writing();
  });
  RunningService service(serve_to(backend), limits(300ms));
  auto channel = opened(service);
  must(channel.write(as_bytes("one")));
  must(channel.close());
  std::string answer;
  std::thread client([&] {
    answer = read_some(channel) + "|";
    answer += read_some(channel);
  });
  static_cast<void>(time_to_stop(service));
  client.join();
  CHECK(answer == "to one|");
}

TEST_CASE("an answer that comes in pieces goes on while its pauses are shorter than the silence") {
  const Backend backend([](Transport& stream) {
    static_cast<void>(read_some(stream));
    for (int i = 0; i < 10; ++i) {
      say(stream, "x");
      std::this_thread::sleep_for(200ms);
    }
    static_cast<void>(read_some(stream));
  });
  RunningService service(serve_to(backend), limits(1000ms));
  auto channel = opened(service);
  must(channel.write(as_bytes("one")));
  std::string all = read_some(channel);
  std::string last = "nothing";
  std::thread client([&] {
    while (true) {
      last = read_some(channel);
      if (last != "x") return;
      all += last;
    }
  });
  CHECK(time_to_stop(service) < 10s);
  client.join();
  CHECK(all == std::string(10, 'x'));
  CHECK(last.empty());
}

TEST_CASE("what has not left yet is not silence") {
  const Bytes answer(std::size_t{16} << 20U, 0x5a);
  const Backend backend([&](Transport& stream) {
    static_cast<void>(read_some(stream));
    must(stream.write(answer, after(10s)));
    static_cast<void>(read_some(stream));
  });
  RunningService service(serve_to(backend), limits(300ms));
  auto channel = opened(service);
  must(channel.write(as_bytes("one")));
  std::size_t got = 0;
  std::thread client([&] {
    std::this_thread::sleep_for(1500ms);  // its window is full long before
    Bytes chunk(65536);
    for (auto read = channel.read(chunk); read && *read > 0; read = channel.read(chunk)) {
      got += *read;
    }
  });
  CHECK(time_to_stop(service) < 15s);
  client.join();
  CHECK(got == answer.size());
}

TEST_CASE("an answer that never comes ends with the drain limit") {
  std::atomic<bool> over{false};
  const Backend backend([&](Transport& stream) {
    static_cast<void>(read_some(stream));
    while (!over) std::this_thread::sleep_for(5ms);
  });
  RunningService service(serve_to(backend), limits(100ms, 1500ms));
  auto channel = opened(service);
  must(channel.write(as_bytes("one")));
  std::this_thread::sleep_for(100ms);
  const auto took = time_to_stop(service);
  over = true;
  CHECK(took > 1300ms);
  CHECK(took < 6s);
}

TEST_CASE("a tunnel of a plain client ends the same way, and its server sees an order") {
  const Backend backend(thinking(0ms));
  RunningService outer(serve_to(backend), limits());
  RunningService inner(Plan{world().guest_config(), {outer.address(), {}}, 5000ms}, limits());
  const auto stream = TcpStream::connect(inner.address(), after(5s)).value();
  say(*stream, "one");
  CHECK(read_some(*stream) == "to one");
  std::string last = "nothing";
  std::thread client([&] {
    last = read_some(*stream);
    stream->end_writing();
  });
  CHECK(time_to_stop(inner) < 5s);
  client.join();
  CHECK(last.empty());  // FIN, not a reset
  REQUIRE(outer.wait_for_ends(1));
  CHECK(outer.ends() == Ends{"closed"});
}

TEST_CASE("a client whose handshake is under way when the service stops may still ask") {
  const Backend backend(thinking(0ms));
  RunningService service(serve_to(backend), limits(1000ms));
  auto tcp = TcpStream::connect(service.address(), after(5s)).value();
  std::this_thread::sleep_for(200ms);  // the service has taken it
  std::string answer;
  std::thread client([&] {
    std::this_thread::sleep_for(300ms);
    auto channel = std::move(connect_over(std::move(tcp), world().guest_config()).channel).value();
    must(channel.write(as_bytes("one")));
    answer = read_some(channel) + "|";
    answer += read_some(channel);
  });
  CHECK(time_to_stop(service) < 10s);
  client.join();
  CHECK(answer == "to one|");
}

}  // namespace ratls
