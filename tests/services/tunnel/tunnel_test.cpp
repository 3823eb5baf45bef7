// ratls connect and ratls serve, as libraries: what a tunnel carries, and what it never does.

#include <catch2/catch_test_macros.hpp>

#include <mutex>
#include <optional>

#include <sys/stat.h>

#include <ratls/channel.h>

#include "../../ratls/attested_world.h"
#include "../../ratls/shared_stream.h"
#include "backend.h"

namespace ratls {

namespace {

using test::Backend;
using test::must;
using test::RunningService;
using tunnel::Limits;
using tunnel::Plan;
using namespace std::chrono_literals;

const test::AttestedWorld& world() {
  static const test::AttestedWorld world;
  return world;
}

// A guest whose measurement no policy here knows.
const test::AttestedWorld& stranger() {
  static const test::AttestedWorld world(
      {[](sim::ProcessorOptions& options) {
         options.report.launch.measurement = sim::Digest48::parse_hex(std::string(96, '7')).value();
       },
       15000ms});
  return world;
}

ClientConfig stranger_config() {
  return {stranger().guest(), AcceptKey{world().broker()->spki_sha256()}};
}

Plan serve_to(const Backend& backend) {
  return {world().broker_config(), backend.where(), 5000ms};
}

std::string text_of(Channel& channel) {
  std::string out;
  std::array<std::uint8_t, 4096> chunk{};
  while (true) {
    const auto got = channel.read(chunk);
    if (!got) return std::string(code(got.error().reason()));
    if (*got == 0) return out;
    out += to_string(ByteView(chunk).first(*got));
  }
}

std::unique_ptr<Transport> plain(const Address& address) {
  return TcpStream::connect(address, after(5s)).value();
}

}  // namespace

TEST_CASE("a tunnel carries bytes both ways, and each way ends by itself") {
  const Backend backend(test::echo);
  const RunningService service(serve_to(backend));
  auto channel = std::move(connect(service.address(), world().guest_config()).channel).value();
  must(channel.write(as_bytes("to the plain server")));
  must(channel.close());  // the backend hears the end, and only then ends itself
  CHECK(text_of(channel) == "to the plain server");
  REQUIRE(service.wait_for_ends(1));
  CHECK(service.ends() == std::vector<std::string>{"closed"});
}

TEST_CASE("two tunnels in a row join two plain programs") {
  const Backend backend(test::echo);
  const RunningService outer(serve_to(backend));
  const RunningService inner(Plan{world().guest_config(), {outer.address(), {}}, 5000ms});
  const auto stream = plain(inner.address());
  const std::string text(1 << 20, 'x');
  std::thread writer([&] {
    must(stream->write(as_bytes(text), after(10s)));
    stream->end_writing();
  });
  CHECK(test::read_all(*stream, 10s).value() == text);
  writer.join();
}

TEST_CASE("nothing is connected behind the tunnel for a client that is refused, and it is told") {
  const Backend backend(test::echo);
  const RunningService service(serve_to(backend));
  auto handshake = connect(service.address(), stranger_config());
  auto channel = std::move(handshake.channel).value();
  CHECK(channel.write(as_bytes("secret question")));
  const auto accepted = channel.accepted();
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error().reason() == Reason::peer_refused);
  REQUIRE(service.wait_for_ends(1));
  CHECK(service.ends() == std::vector<std::string>{"measurement_not_allowed"});
  CHECK(backend.connections() == 0);
}

TEST_CASE("a server that this side refuses gets no connection's bytes, and the plain side an end") {
  const Backend backend(test::echo);
  const RunningService outer(serve_to(backend));
  const ClientConfig wrong(world().guest(), AcceptKey{});
  const RunningService inner(Plan{wrong, {outer.address(), {}}, 5000ms});
  const auto stream = plain(inner.address());
  static_cast<void>(stream->write(as_bytes("not for an impostor"), after(5s)));
  const auto got = test::read_all(*stream, 5s);
  CHECK((!got || got->empty()));
  REQUIRE(inner.wait_for_ends(1));
  CHECK(inner.ends() == std::vector<std::string>{"pin_mismatch"});
  CHECK(backend.connections() == 0);
}

TEST_CASE("an attested side that is cut off ends the plain side by a reset, not by an end") {
  const Backend backend(test::echo);
  std::mutex mutex;
  std::optional<Result<std::string>> seen;
  const Backend witness([&](Transport& stream) {
    auto all = test::read_all(stream, 5s);
    const std::lock_guard lock(mutex);
    seen = std::move(all);
  });
  const RunningService service(serve_to(witness));
  auto tcp = plain(service.address());
  {
    auto handshake = connect_over(std::move(tcp), world().guest_config());
    auto channel = std::move(handshake.channel).value();
    must(channel.accepted());
    must(channel.write(as_bytes("half a messa")));
  }  // closed without close_notify
  REQUIRE(service.wait_for_ends(1));
  CHECK(service.ends() == std::vector<std::string>{"truncated_stream"});
  std::unique_lock lock(mutex);
  for (int i = 0; i < 500 && !seen; ++i) {
    lock.unlock();
    std::this_thread::sleep_for(10ms);
    lock.lock();
  }
  REQUIRE((seen && !*seen));
  CHECK(seen->error().reason() == Reason::connection_closed);
}

TEST_CASE("clients that say nothing delay nobody, and their time runs out") {
  const Backend backend(test::echo);
  Plan plan = serve_to(backend);
  std::get<ServerConfig>(plan.config).timeouts.handshake = 600ms;
  const RunningService service(plan);
  std::vector<std::unique_ptr<Transport>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(plain(service.address()));
  auto channel = std::move(connect(service.address(), world().guest_config()).channel).value();
  must(channel.write(as_bytes("quick")));
  must(channel.close());
  CHECK(text_of(channel) == "quick");
  CHECK(service.ends().size() <= 1);  // the silent ones are still waiting
  REQUIRE(service.wait_for_ends(21));
  const auto ends = service.ends();
  CHECK(std::count(ends.begin(), ends.end(), "handshake_timeout") == 20);
}

TEST_CASE("a client that sends a byte now and then has no more time than one that is silent") {
  const Backend backend(test::echo);
  Plan plan = serve_to(backend);
  std::get<ServerConfig>(plan.config).timeouts.handshake = 600ms;
  const RunningService service(plan);
  const auto slow = plain(service.address());
  Bytes bytes{0x16, 0x03, 0x03, 0x40, 0x00};  // a record of 16 KiB that never becomes whole
  bytes.resize(16384, 0x01);
  const test::Drip drip(*slow, bytes);
  REQUIRE(service.wait_for_ends(1));
  CHECK(service.ends() == std::vector<std::string>{"handshake_timeout"});
}

TEST_CASE("one address gets its share of the tunnels and no more") {
  const Backend backend(test::echo);
  const RunningService service(serve_to(backend), Limits{10, 2, 1000ms, 1000ms});
  const auto first = plain(service.address());
  const auto second = plain(service.address());
  const auto third = plain(service.address());
  const auto got = test::read_all(*third, 5s);
  CHECK((!got || got->empty()));
  REQUIRE(service.wait_for_ends(1));
  CHECK(service.ends() == std::vector<std::string>{"turned away"});
}

TEST_CASE("a service that stops lets open tunnels end and takes no new ones") {
  const Backend backend(test::echo);
  RunningService service(serve_to(backend));
  auto channel = std::move(connect(service.address(), world().guest_config()).channel).value();
  must(channel.accepted());
  service.stop();
  for (int i = 0; i < 100; ++i) {
    if (!TcpStream::connect(service.address(), after(1s))) break;
    std::this_thread::sleep_for(10ms);
  }
  CHECK_FALSE(TcpStream::connect(service.address(), after(1s)));
  must(channel.write(as_bytes("last words")));
  must(channel.close());
  CHECK(text_of(channel) == "last words");
  service.join();
}

TEST_CASE("a slow reader behind the tunnel slows the sender down instead of filling memory") {
  std::atomic<bool> go{false};
  std::atomic<std::size_t> total{0};
  const Backend slow([&](Transport& stream) {
    while (!go) std::this_thread::sleep_for(1ms);
    const auto got = test::read_all(stream, 10s);
    total = got ? got->size() : 0;
    stream.end_writing();
  });
  const RunningService service(serve_to(slow));
  auto channel = std::move(connect(service.address(), world().guest_config()).channel).value();
  const Bytes block(16384, 0x5a);
  std::atomic<std::size_t> sent{0};
  constexpr std::size_t kAll = std::size_t{64} << 20U;
  std::thread writer([&] {
    while (sent < kAll) {
      must(channel.write(block));
      sent += block.size();
    }
    must(channel.close());
  });
  // Kernel buffers and the high mark together hold far less than everything.
  std::size_t before = 1;
  while (before != sent) {
    before = sent;
    std::this_thread::sleep_for(200ms);
  }
  CHECK(sent < kAll / 2);
  go = true;
  writer.join();
  REQUIRE(service.wait_for_ends(1));
  CHECK(total == kAll);
}

TEST_CASE(
    "a Unix socket is for its owner alone, goes with the service, and never replaces a file") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("plain.sock");
  const Backend backend(test::echo);
  {
    const RunningService service(serve_to(backend), {}, "unix:" + path);
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777U) == 0600U);
    io::Loop loop;
    const Plan plan = serve_to(backend);
    tunnel::Service second(loop, std::make_shared<const Plan>(plan), {}, {});
    CHECK_FALSE(second.listen(io::Endpoint::parse("unix:" + path).value()));
  }
  struct stat about {};
  CHECK(::stat(path.c_str(), &about) != 0);
}

TEST_CASE("a server behind the tunnel that cannot be reached ends the client's stream unfinished") {
  Plan plan{world().broker_config(), io::Endpoint::parse("127.0.0.1:1").value(), 1000ms};
  const RunningService service(plan);
  auto channel = std::move(connect(service.address(), world().guest_config()).channel).value();
  CHECK(text_of(channel) == "truncated_stream");
  CHECK(service.ends() == std::vector<std::string>{"connection_failed"});
}

TEST_CASE("a plan that is replaced holds for new tunnels, and open ones go on as they began") {
  const Backend before(test::echo);
  const Backend behind(test::echo);
  RunningService service(serve_to(before));
  auto old = std::move(connect(service.address(), world().guest_config()).channel).value();
  must(old.write(as_bytes("old")));
  std::array<std::uint8_t, 3> first{};
  REQUIRE(old.read(first));
  // Another identity, another place.
  service.replace(Plan{ServerConfig(world().visitor(), AcceptEvidence{world().verifier()}),
                       behind.where(), 5000ms});
  ClientConfig pins_new = world().guest_config();
  pins_new.accept = AcceptKey{world().visitor()->spki_sha256()};
  auto opened = connect(service.address(), pins_new);
  for (int i = 0; i < 200 && !opened.channel; ++i) {
    std::this_thread::sleep_for(5ms);
    opened = connect(service.address(), pins_new);
  }
  REQUIRE(opened.channel);
  must(opened.channel->write(as_bytes("new")));
  must(opened.channel->close());
  CHECK(text_of(*opened.channel) == "new");
  CHECK(behind.connections() == 1);
  CHECK(connect(service.address(), world().guest_config()).channel.error().reason() ==
        Reason::pin_mismatch);
  must(old.write(as_bytes(" goes on")));
  must(old.close());
  CHECK(text_of(old) == " goes on");
  CHECK(before.connections() == 1);
}

}  // namespace ratls
