// Which of a service manager's sockets stands for which address of broker.json.

#include <catch2/catch_test_macros.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ratls/services/broker/doors.h>

#include "../../support/files.h"

namespace ratls {

namespace {

using broker::BrokerConfig;
using broker::Doors;

Descriptor tcp(const char* host = "127.0.0.1") {
  const auto bound = TcpListener::bind({host, 0}).value();
  return Descriptor(::dup(bound.native()));
}

// At `path`; a name that begins with @ is abstract.
Descriptor local(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof name.sun_path);
  path.copy(name.sun_path, path.size());
  if (path.front() == '@') name.sun_path[0] = '\0';
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&name));
  REQUIRE(::bind(socket.get(), generic, size) == 0);
  REQUIRE(::listen(socket.get(), 16) == 0);
  return socket;
}

BrokerConfig all_addresses() {
  BrokerConfig out;
  out.listen = "127.0.0.1:0";
  out.framed = "127.0.0.1:0";
  out.status = "127.0.0.1:0";
  return out;
}

template <class... Sockets>
Result<Doors> placed(const BrokerConfig& config, Sockets... sockets) {
  std::vector<InheritedSocket> given;
  (given.push_back(std::move(sockets)), ...);
  return broker::doors_of(std::move(given), config);
}

InheritedSocket named(const char* name, Descriptor socket) {
  return {std::move(socket), name};
}

std::string why(const Result<Doors>& got) {
  if (got) return "accepted";
  CHECK(got.error().reason() == Reason::invalid_config);
  return got.error().detail();
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("without sockets every address of broker.json holds") {
  const auto doors = placed(all_addresses()).value();
  CHECK(doors.listen.empty());
  CHECK(doors.framed.empty());
  CHECK(doors.status.empty());
  CHECK(doors.taken().empty());
}

TEST_CASE("each socket replaces the address that it is called after, in any order") {
  Descriptor status = tcp();
  const int number = status.get();
  const auto doors = placed(all_addresses(), named("status", std::move(status)),
                            named("framed", tcp()), named("listen", tcp()), named("listen", tcp()))
                         .value();
  CHECK(doors.listen.size() == 2);  // e.g. an IPv4 address and an IPv6 address
  CHECK(doors.framed.size() == 1);
  REQUIRE(doors.status.size() == 1);
  CHECK(doors.status.front().get() == number);
  CHECK(doors.taken() == "listen, framed, status");
}

TEST_CASE("a socket that comes alone is for guests, whatever its unit is called") {
  for (const char* name : {"", "listen", "ratls-broker.socket", "unknown"}) {
    CAPTURE(name);
    CHECK(placed(all_addresses(), named(name, tcp())).value().taken() == "listen");
  }
  CHECK(placed(all_addresses(), named("framed", tcp())).value().taken() == "framed");
}

TEST_CASE("of several sockets each says what it is for") {
  for (const char* name : {"", "ratls-broker.socket", "Listen"}) {
    CAPTURE(name);
    CHECK(says(why(placed(all_addresses(), named("listen", tcp()), named(name, tcp()))),
               "FileDescriptorName=listen, framed or status"));
  }
}

TEST_CASE("a socket opens no door that broker.json does not name") {
  BrokerConfig config;
  config.listen = "127.0.0.1:0";
  CHECK(says(why(placed(config, named("framed", tcp()))), "add \"framed\" to it"));
  CHECK(says(why(placed(config, named("status", tcp()))), "add \"status\" to it"));
}

TEST_CASE("guests come over TCP, and a Unix socket for them is refused with its path") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("socket");
  for (const char* name : {"listen", "framed", "ratls-broker.socket"}) {
    CAPTURE(name);
    const auto refused = why(placed(all_addresses(), named(name, local(path))));
    CHECK(says(refused, "unix:" + path));
    CHECK(says(refused, "FileDescriptorName=status"));
    ::unlink(path.c_str());
  }
}

TEST_CASE("the status page is handed over on this machine's own addresses and Unix sockets only") {
  const test::TemporaryFolder folder;
  const auto status = [](Descriptor socket) {
    return placed(all_addresses(), named("status", std::move(socket)));
  };
  CHECK(status(tcp("127.0.0.1")));
  CHECK(status(local(folder.file("socket"))));
  CHECK(status(local("@ratls-doors-test-" + std::to_string(::getpid()))));
  CHECK(says(why(status(tcp("0.0.0.0"))), "0.0.0.0:"));
  CHECK(says(why(status(tcp("127.0.0.2"))), "nobody is asked who he is"));
  CHECK(says(why(placed(all_addresses(), named("status", tcp()), named("status", tcp()))),
             "two inherited sockets"));
}

TEST_CASE("what no longer listens is refused") {
  const auto refused = placed(all_addresses(), named("listen", Descriptor(-1)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason() == Reason::not_a_listener);
}

TEST_CASE("a handed over listener is called by its address, and its file stays") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("socket");
  io::Loop loop;
  const auto where = [&](Descriptor socket) {
    return io::Listener::adopt(loop, std::move(socket), [](auto, const std::string&) {})
        .value()
        ->where();
  };
  CHECK(where(tcp()).starts_with("127.0.0.1:"));
  CHECK(where(local(path)) == "unix:" + path);
  CHECK(::access(path.c_str(), F_OK) == 0);
  const std::string abstract = "@ratls-doors-test-" + std::to_string(::getpid());
  CHECK(where(local(abstract)) == "unix:" + abstract);
}

}  // namespace ratls
