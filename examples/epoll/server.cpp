// Echoes to guests that the policy accepts, and attests itself to them: one thread and epoll(7),
// any number of sessions. Nobody waits for anybody's bytes, room or report.
//
//   epoll_server --listen 127.0.0.1:4433 --report-source sim:DIR --policy policy.json [--once]
//
// --once: ends when the first connection is over.

#include <array>
#include <cstdio>
#include <map>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <ratls/certgen/sim/guest.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/examples/common/steps.h>
#include <ratls/ratls.h>
#include <ratls/verify/policy_json.h>

#include "connection.h"

namespace {

using namespace ratls;
using examples::Connection;

constexpr int kTick = 200;  // milliseconds: how late a deadline may be noticed

class Loop {
 public:
  Loop(TcpListener listener, ServerConfig config)
      : listener_(std::move(listener)),
        config_(std::move(config)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        bell_(std::make_shared<const Descriptor>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
        wake_([bell = bell_] { static_cast<void>(::eventfd_write(bell->get(), 1)); }) {}

  Result<void> run(bool once) {
    if (!watch(listener_.native(), EPOLLIN) || !watch(bell_->get(), EPOLLIN)) {
      return Error(Reason::io_error, "no descriptor for epoll");
    }
    std::array<epoll_event, 64> called{};
    while (!once || !over_) {
      const int count = ::epoll_wait(poll_.get(), called.data(), called.size(), kTick);
      for (int i = 0; i < count; ++i) RATLS_CHECK(look_at(called[static_cast<std::size_t>(i)]));
      for (auto at = all_.begin(); at != all_.end();) at->second.due() ? turn(at++) : void(++at);
    }
    return {};
  }

 private:
  bool watch(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  }
  Result<void> look_at(const epoll_event& event) {
    eventfd_t rung = 0;
    if (event.data.fd == bell_->get()) static_cast<void>(::eventfd_read(bell_->get(), &rung));
    if (event.data.fd == listener_.native()) return take_all();
    if (const auto at = all_.find(event.data.fd); at != all_.end()) turn(at);
    return {};
  }
  Result<void> take_all() {
    while (auto incoming = listener_.take()) {
      RATLS_TRY(Session session, Session::server(config_));
      const int fd = incoming->socket.get();
      if (!watch(fd, EPOLLIN | EPOLLOUT | EPOLLET)) continue;  // closed again
      all_.try_emplace(fd, std::move(incoming->socket), std::move(session), config_.timeouts);
    }
    return {};
  }
  void turn(std::map<int, Connection>::iterator at) {
    if (at->second.turn(wake_)) return;
    all_.erase(at);
    over_ = true;
  }

  TcpListener listener_;
  ServerConfig config_;
  Descriptor poll_;
  std::shared_ptr<const Descriptor> bell_;  ///< the reports' thread rings it, and may outlive us
  std::function<void()> wake_;
  std::map<int, Connection> all_;
  bool over_ = false;
};

Result<void> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string where, arguments.need("listen"));
  RATLS_TRY(const Address address, Address::parse(where));
  RATLS_TRY(const std::string path, arguments.need("policy"));
  RATLS_TRY(const Bytes json, examples::read_file(path));
  RATLS_TRY(Policy policy, parse_policy(json));
  RATLS_TRY(const std::string source, arguments.need("report-source"));
  RATLS_TRY(const auto firmware, sim::open_guest(source, {}));
  auto attester = std::make_shared<Attester>(*firmware);
  RATLS_CHECK(attester->start());
  const SystemClock clock;
  const auto verifier = std::make_shared<const Verifier>(std::move(policy), clock);
  RATLS_TRY(auto listener, TcpListener::bind(address));
  const examples::Steps log("server");
  log.note("listening on " + listener.address().text());
  const ServerConfig config(AttestedIdentity(attester), AcceptEvidence{verifier});
  return Loop(std::move(listener), config).run(arguments.has("once"));
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"listen", "report-source", "policy"}, {"once"}});
  const auto ended = arguments ? run(*arguments) : Result<void>(arguments.error());
  if (ended) return examples::kOk;
  examples::complain("epoll_server", ended.error().message());
  return arguments ? examples::exit_code(ended.error()) : examples::kUsage;
}
