// A server besieged: what honest guests wait while thousands of connections say nothing, and while
// others drip a byte at a time; and when those are cut off. By the wall clock, over loopback TCP,
// server and clients in this process. README.md says how to read it.
//
//   siege [--quick] [--world=DIR]
//
// Exit codes: 0 every target of docs/performance.md is met, 1 one is missed.
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include <ratls/channel.h>
#include <ratls/server.h>

#include "support/kinds.h"
#include "support/must.h"

namespace {

using namespace ratls;
using namespace ratls::bench;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::duration<double, std::milli>;

struct Size {
  std::size_t half_open = 5000;
  std::size_t drips = 200;
  std::size_t honest = 1500;  // fewer, and one hiccup of the machine is a p99
  std::chrono::milliseconds deadline = 15s;
};

void echo(Channel channel, const std::string&) {
  std::array<std::uint8_t, 64> buffer{};
  const auto got = channel.read(buffer);
  if (got && channel.write(ByteView(buffer).first(*got))) static_cast<void>(channel.close());
}

/// A broker in a thread of its own.
class Besieged {
 public:
  Besieged(std::chrono::milliseconds deadline, std::size_t connections)
      : server_(must(TcpListener::bind({"127.0.0.1", 0})), config(deadline), echo,
                ServerLimits{4, connections, connections, 1s}) {
    thread_ = std::thread([this] { must(server_.run()); });
  }
  Besieged(const Besieged&) = delete;
  Besieged& operator=(const Besieged&) = delete;
  ~Besieged() {
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] const Address& address() const noexcept { return server_.address(); }

 private:
  static ServerConfig config(std::chrono::milliseconds deadline) {
    ServerConfig out(World::get().broker(), AcceptEvidence{World::get().new_verifier()});
    out.timeouts.handshake = deadline;
    return out;
  }

  Server server_;
  std::thread thread_;
};

Descriptor connected(const Address& at) {
  Descriptor out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(at.port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const void* address = &name;
  if (::connect(out.get(), static_cast<const sockaddr*>(address), sizeof name) != 0) {
    die(Error(Reason::connection_failed, "of a half-open connection"));
  }
  return out;
}

/// Connections that say nothing, or a byte now and then.
class Crowd {
 public:
  /// Opening takes a while, and the first may be cut off meanwhile.
  Crowd(const Address& at, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      sockets_.push_back(connected(at));
      since_.push_back(Clock::now());
      if (i % 100 == 99) look();
    }
  }
  /// Notes who was cut off since the last look.
  void look() {
    polled_.clear();
    for (const Descriptor& socket : sockets_) polled_.push_back({socket.get(), POLLIN, 0});
    if (::poll(polled_.data(), polled_.size(), 0) <= 0) return;
    for (std::size_t i = sockets_.size(); i-- > 0;) {
      if (polled_[i].revents != 0 && ended(sockets_[i].get())) leave(i);
    }
  }
  void drip() {
    // The header of a record that is never finished.
    static constexpr std::array<std::uint8_t, 5> kHeader{0x16, 0x03, 0x01, 0x02, 0x00};
    const std::uint8_t byte = dripped_ < kHeader.size() ? kHeader[dripped_] : 1;
    ++dripped_;
    for (const Descriptor& socket : sockets_) ::send(socket.get(), &byte, 1, MSG_NOSIGNAL);
  }
  [[nodiscard]] bool gone() const { return sockets_.empty(); }
  /// After how many milliseconds each was cut off, sorted.
  [[nodiscard]] std::vector<double> cuts() const {
    auto out = cuts_;
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  // An alert may come before the end.
  static bool ended(int socket) {
    std::array<std::uint8_t, 256> alert{};
    ssize_t got = 1;
    while (got > 0) got = ::recv(socket, alert.data(), alert.size(), MSG_DONTWAIT);
    return got == 0 || (errno != EAGAIN && errno != EINTR);
  }
  void leave(std::size_t i) {
    cuts_.push_back(Millis(Clock::now() - since_[i]).count());
    sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(i));
    since_.erase(since_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  std::vector<Descriptor> sockets_;
  std::vector<Clock::time_point> since_;
  std::vector<pollfd> polled_;
  std::vector<double> cuts_;
  std::size_t dripped_ = 0;
};

/// From the first packet of an attested guest to its echo, `count` of them one after the other;
/// `between` runs behind each, untimed.
std::vector<double> honest(const Address& at, const Guest& guest, std::size_t count,
                           const std::function<void()>& between) {
  const ClientConfig config(guest.identity(), AcceptKey{World::get().broker()->spki_sha256()});
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    auto opened = connect(at, config);
    Channel channel = must(std::move(opened.channel));
    must(channel.write(as_bytes("honest")));
    std::array<std::uint8_t, 64> buffer{};
    if (must(channel.read(buffer)) == 0) die(Error(Reason::connection_closed));
    out.push_back(Millis(Clock::now() - start).count());
    between();
  }
  std::sort(out.begin(), out.end());
  return out;
}

double p99(const std::vector<double>& sorted) {
  return sorted[(sorted.size() - 1) * 99 / 100];
}

bool say(const char* what, const std::vector<double>& sorted, bool met) {
  std::printf("%-44s p50 %8.2f ms, p99 %8.2f ms, worst %8.2f ms   %s\n", what,
              sorted[sorted.size() / 2], p99(sorted), sorted.back(), met ? "met" : "MISSED");
  std::fflush(stdout);
  return met;
}

bool besiege(const Size& size, const Guest& guest) {
  const Besieged server(size.deadline, size.half_open + size.drips + 1000);
  static_cast<void>(honest(server.address(), guest, 50, [] {}));  // nothing is new to anybody
  const auto calm = honest(server.address(), guest, size.honest, [] {});
  say("honest guests, nobody else there", calm, true);
  bool good = true;
  {
    Crowd silent(server.address(), size.half_open);
    const auto beside = honest(server.address(), guest, size.honest, [&] { silent.look(); });
    good &= say("honest guests beside half-open connections", beside, p99(beside) <= 2 * p99(calm));
    for (; !silent.gone(); silent.look()) std::this_thread::sleep_for(20ms);
    const auto cuts = silent.cuts();
    const double deadline = Millis(size.deadline).count();
    good &= say("half-open connections, cut off after", cuts,
                cuts.front() >= 0.9 * deadline && cuts.back() <= 1.1 * deadline);
  }
  Crowd slow(server.address(), size.drips);
  const auto beside = honest(server.address(), guest, size.honest, [&] { slow.drip(); });
  return say("honest guests beside byte-at-a-time ones", beside, p99(beside) <= 2 * p99(calm)) &&
         good;
}

}  // namespace

int main(int argc, char** argv) {
  World::choose_folder(argc, argv);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
  }
  Size size;
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  if (quick) size = {300, 50, 30, 2s};
  std::printf("%zu half-open connections, a deadline of %lld ms\n", size.half_open,
              static_cast<long long>(size.deadline.count()));
  const Guest guest(std::chrono::microseconds(0));
  const bool met = besiege(size, guest);
  return met || quick ? 0 : 1;
}
