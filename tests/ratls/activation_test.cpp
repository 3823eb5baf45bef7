// Sockets that a service manager passed, and what is no such socket.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ratls/activation.h>
#include <ratls/server.h>

#include "running_server.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::ask;
using ratls::test::world;

namespace {

std::string own_pid() {
  return std::to_string(::getpid());
}

Reason why(const Activation& given) {
  const auto taken = inherited_sockets(given);
  return taken ? Reason::internal : taken.error().reason();
}

/// The descriptor of a listening socket of its own.
Descriptor listening() {
  auto listener = TcpListener::bind({"127.0.0.1", 0}).value();
  return Descriptor(::dup(listener.native()));
}

Reason why_not(Descriptor socket) {
  const auto adopted = TcpListener::adopt(std::move(socket));
  return adopted ? Reason::internal : adopted.error().reason();
}

/// Runs `work` in a child whose descriptors 3 and 4 are `first` and `second`; its exit code.
int in_child(int first, int second, const std::function<bool()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int a = ::fcntl(first, F_DUPFD, 100);
    const int b = ::fcntl(second, F_DUPFD, 100);
    ::dup2(a, 3);
    ::dup2(b, 4);
    ::_exit(work() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("without sockets, or with those of another process, nothing is inherited") {
  CHECK(inherited_sockets({}).value().empty());
  CHECK(inherited_sockets({"", "", "name"}).value().empty());
  CHECK(inherited_sockets({"1", "2", ""}).value().empty());
  CHECK(inherited_sockets({own_pid(), "0", ""}).value().empty());
}

TEST_CASE("what contradicts itself, or is not open, is refused and touches nothing") {
  const std::string pid = own_pid();
  for (const char* fds : {"x", "-1", "257", "1x", "99999999999999999999"}) {
    CAPTURE(fds);
    CHECK(why({pid, fds, ""}) == Reason::invalid_config);
  }
  CHECK(why({"", "1", ""}) == Reason::invalid_config);
  CHECK(why({"me", "1", ""}) == Reason::invalid_config);
  CHECK(why({pid, "1", "a:b"}) == Reason::invalid_config);
  CHECK(why({pid, "256", ""}) == Reason::not_a_listener);  // most of them are not open
}

TEST_CASE("inherited sockets have their names, an owner, and no heirs") {
  const Descriptor one = listening();
  const Descriptor two = listening();
  const int code = in_child(one.get(), two.get(), [] {
    auto taken = inherited_sockets({own_pid(), "2", "tls:status"});
    if (!taken || taken->size() != 2) return false;
    const bool named = (*taken)[0].name == "tls" && (*taken)[1].name == "status";
    const bool closes = (::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0;
    auto listener = TcpListener::adopt(std::move((*taken)[0].socket));
    return named && closes && listener && listener->native() == 3;
  });
  CHECK(code == 0);
  const int other = in_child(one.get(), STDERR_FILENO, [] {
    const auto taken = inherited_sockets({own_pid(), "2", ""});
    const bool refused = !taken && taken.error().reason() == Reason::not_a_listener;
    return refused && ::fcntl(3, F_GETFD) == 0 && ::fcntl(4, F_GETFD) == 0;  // both as they were
  });
  CHECK(other == 0);
  const int unnamed = in_child(one.get(), two.get(), [] {
    auto taken = inherited_sockets({own_pid(), "1", ""});
    return taken && taken->size() == 1 && (*taken)[0].name.empty();
  });
  CHECK(unnamed == 0);
}

TEST_CASE("only a listening stream socket is adopted") {
  CHECK(why_not(Descriptor(-1)) == Reason::not_a_listener);
  CHECK(why_not(Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC))) == Reason::not_a_listener);
  CHECK(why_not(Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))) ==
        Reason::not_a_listener);  // it does not listen
  CHECK(why_not(Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))) ==
        Reason::not_a_listener);
  std::array<int, 2> pair{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  CHECK(why_not(Descriptor(pair[0])) == Reason::not_a_listener);
  CHECK(why_not(Descriptor(pair[1])) == Reason::not_a_listener);
}

TEST_CASE("a server serves a socket that was opened for it") {
  auto bound = TcpListener::bind({"127.0.0.1", 0}).value();
  const Address address = bound.address();
  auto adopted = TcpListener::adopt(Descriptor(::dup(bound.native()))).value();
  CHECK(adopted.address().text() == address.text());
  test::Running running(std::move(adopted), world().broker_config());
  CHECK(running.address().text() == address.text());
  CHECK(ask(address, "by systemd") == "by systemd");
}

TEST_CASE("a server serves a Unix socket, and its limit of one peer is that of one user") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("socket");
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof name.sun_path);
  path.copy(name.sun_path, path.size());
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&name));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), generic, sizeof name) == 0);
  REQUIRE(::listen(socket.get(), 16) == 0);
  auto listener = TcpListener::adopt(std::move(socket)).value();
  CHECK(listener.address().text() == "unix:" + path);
  std::atomic<int> served{0};
  std::string from;
  test::Running running(
      std::move(listener), world().broker_config(),
      [&](Channel channel, const std::string& peer) {
        from = peer;
        ++served;
        test::echo(std::move(channel), peer);
      },
      ServerLimits{2, 10, 1, 1000ms});
  const auto dial = [&] {
    Descriptor out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(out.get(), generic, sizeof name) == 0);
    return TcpStream::adopt(std::move(out)).value();
  };
  auto opened = connect_over(dial(), world().guest_config());
  REQUIRE(opened.channel);
  REQUIRE(opened.channel->write(as_bytes("over a file")));
  REQUIRE(opened.channel->accepted());
  const auto second = dial();
  CHECK(running.wait_for_refusals(1).front() == Reason::too_many_connections);
  REQUIRE(opened.channel->close());
  CHECK(test::read_to_end(*opened.channel).value() == "over a file");
  running.join();
  CHECK(from == "unix-uid-" + std::to_string(::getuid()) + ":" + own_pid());
}
