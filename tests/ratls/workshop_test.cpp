// Workshop: threads that come with the work and go without it.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <ratls/detail/workshop.h>

#include "attested_world.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::detail::Workshop;
using ratls::test::AttestedWorld;

namespace {

std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

Workshop::Job job(const std::string& from) {
  static const AttestedWorld world;
  return {nullptr, Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
          Session::client(world.guest_config()).value(), from};
}

/// Work that lasts until open().
struct Gate {
  void pass() {
    ++inside;
    while (!open) std::this_thread::sleep_for(1ms);
  }
  std::atomic<bool> open{false};
  std::atomic<int> inside{0}, done{0};
};

bool becomes(const std::function<bool()>& what) {
  for (int i = 0; i < 5000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

}  // namespace

TEST_CASE(
    "a worker comes for each job that finds none free, and goes when it had none for a while") {
  job("a world with its attester's thread is there");
  const std::size_t before = threads();
  Gate gate;
  Workshop workshop([&](Workshop::Job&) { gate.pass(); }, [&](const std::string&) { ++gate.done; },
                    {8, 50ms});
  REQUIRE(workshop.start());
  CHECK(threads() == before + 1);
  for (int i = 0; i < 6; ++i) workshop.add(job("a"));
  CHECK(becomes([&] { return gate.inside == 6; }));
  CHECK(threads() == before + 6);
  gate.open = true;
  CHECK(becomes([&] { return gate.done == 6; }));
  CHECK(becomes([&] { return threads() == before + 1; }));
  for (int i = 0; i < 3; ++i)
    workshop.add(job("b"));  // those that went are joined, and others come
  CHECK(becomes([&] { return gate.done == 9; }));
  workshop.join();
  CHECK(threads() == before);
}

TEST_CASE("no more workers than allowed: the next job waits for one of them") {
  Gate gate;
  Workshop workshop([&](Workshop::Job&) { gate.pass(); }, [&](const std::string&) { ++gate.done; },
                    {2, 50ms});
  REQUIRE(workshop.start());
  for (int i = 0; i < 5; ++i) workshop.add(job("a"));
  CHECK(becomes([&] { return gate.inside == 2; }));
  std::this_thread::sleep_for(100ms);
  CHECK(gate.inside == 2);
  gate.open = true;
  CHECK(becomes([&] { return gate.done == 5; }));
}

TEST_CASE("jobs that wait when the workshop closes are done, and each is counted once") {
  Gate gate;
  Workshop workshop([&](Workshop::Job&) { gate.pass(); }, [&](const std::string&) { ++gate.done; },
                    {1, 20ms});
  REQUIRE(workshop.start());
  for (int i = 0; i < 4; ++i) workshop.add(job("a"));
  std::thread opening([&] {
    std::this_thread::sleep_for(50ms);
    gate.open = true;
  });
  workshop.join();
  opening.join();
  CHECK(gate.done == 4);
}

// As one that a worker has just taken, and that has no name yet.
TEST_CASE("a job that begins behind the cutting off is cut off as well") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor peer(ends[0]);
  std::atomic<bool> cut{false};
  std::atomic<int> done{0};
  Workshop workshop(
      [&](Workshop::Job& job) {
        pollfd ended{job.socket.get(), POLLIN, 0};
        cut = ::poll(&ended, 1, 2000) == 1 && (ended.revents & POLLHUP) != 0;
      },
      [&](const std::string&) { ++done; }, {1, 50ms});
  REQUIRE(workshop.start());
  workshop.cut_off();
  Workshop::Job late = job("late");
  late.socket = Descriptor(ends[1]);
  workshop.add(std::move(late));
  workshop.join();
  CHECK(done == 1);
  CHECK(cut);
}
