// Workshop: the threads of a server that run its handlers.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>

#include <poll.h>
#include <sys/socket.h>

#include <ratls/detail/workshop.h>

#include "running_server.h"

using namespace ratls;
using ratls::detail::Workshop;
using ratls::test::world;

// As one that a worker has just taken, and that has no name yet.
TEST_CASE("a job that begins behind the cutting off is cut off as well") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor peer(ends[0]);
  const auto config = std::make_shared<const ServerConfig>(world().broker_config());
  std::atomic<bool> cut{false};
  std::atomic<int> done{0};
  Workshop workshop(
      [&](Workshop::Job& job) {
        pollfd ended{job.socket.get(), POLLIN, 0};
        cut = ::poll(&ended, 1, 2000) == 1 && (ended.revents & POLLHUP) != 0;
      },
      [&](const std::string&) { ++done; });
  REQUIRE(workshop.start(1));
  workshop.cut_off();
  workshop.add({config, Descriptor(ends[1]), Session::server(*config).value(), "late"});
  workshop.join();
  CHECK(done == 1);
  CHECK(cut);
}
