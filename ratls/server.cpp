#include <ratls/server.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include <poll.h>

#include <ratls/core/guarded.h>
#include <ratls/detail/lobby.h>
#include <ratls/detail/rotation.h>
#include <ratls/detail/workshop.h>

namespace ratls {

namespace {

using detail::Bell;
using detail::Lobby;
using detail::Opening;
using detail::Workshop;

constexpr std::chrono::milliseconds kLongest{1000};  // between two looks at the deadlines

// How long no connection is taken after there was no descriptor or memory for one.
constexpr std::chrono::milliseconds kPause{100};

constexpr std::chrono::milliseconds kWorkerRest{10000};  // a thread without work ends after that

// Of one turn: whoever is on its way has its turn as well.
constexpr int kMostTaken = 64;

}  // namespace

class Server::Impl {
 public:
  Impl(TcpListener listener, ServerConfig config, Handler handler, ServerLimits limits)
      : listener_(std::move(listener)),
        address_(listener_->address()),
        config_(std::move(config)),
        handler_(std::move(handler)),
        limits_(limits),
        bell_(std::make_shared<Bell>()),
        workshop_([this](Workshop::Job& job) { serve(job); },
                  [this](const std::string& from) { count_out(from); },
                  {limits.workers, kWorkerRest}) {}

  Result<void> run();
  void stop() noexcept {
    stopping_ = true;
    bell_->ring();
  }

  Result<void> replace_config(ServerConfig config) {
    return guarded([&]() -> Result<void> {
      RATLS_CHECK(Session::server(config));  // what cannot work is refused before it is in force
      config_.replace(std::move(config));
      return {};
    });
  }

  Refused refused;
  [[nodiscard]] const Address& address() const noexcept { return address_; }

 private:
  void take_all();
  void begin(TcpListener::Incoming incoming);
  void go_on(Opening& opening);
  void turn_away(const std::string& from, const Error& why, const Verdict* verdict);
  void serve(Workshop::Job& job);
  Result<void> turn();
  bool count_in(const std::string& from);
  void count_out(const std::string& from);
  [[nodiscard]] bool idle();
  void wait();

  std::optional<TcpListener> listener_;
  Address address_;
  detail::Rotation<ServerConfig> config_;
  Handler handler_;
  ServerLimits limits_;
  std::shared_ptr<Bell> bell_;
  std::atomic<bool> stopping_{false};
  Lobby lobby_;
  Deadline pause_{};     ///< no connection is taken before
  bool called_ = false;  ///< somebody waits at the listener
  std::mutex mutex_;     ///< guards the counts
  std::map<PeerId, std::size_t> peers_;
  std::size_t connections_ = 0;
  Workshop workshop_;
};

Result<void> Server::Impl::run() {
  if (bell_->fd() < 0 || lobby_.fd() < 0) {
    return Error(Reason::io_error, "no descriptors for an eventfd and an epoll set");
  }
  if (auto started = workshop_.start(); !started) {
    workshop_.join();
    return started;
  }
  std::optional<Deadline> end;
  while (true) {
    if (stopping_ && !end) {
      listener_.reset();
      end = after(limits_.drain);
    }
    if (end && (idle() || std::chrono::steady_clock::now() >= *end)) break;
    // Without memory nothing can be done but to wait until somebody has let go of some.
    if (!turn()) ::poll(nullptr, 0, static_cast<int>(kPause.count()));
  }
  lobby_.clear();
  workshop_.cut_off();
  workshop_.join();
  return {};
}

Result<void> Server::Impl::turn() {
  return guarded([this]() -> Result<void> {
    wait();
    if (listener_ && called_) take_all();
    while (Opening* opening = lobby_.first_due()) go_on(*opening);
    return {};
  });
}

void Server::Impl::wait() {
  const Deadline now = std::chrono::steady_clock::now();
  Deadline first = std::min(now + kLongest, lobby_.deadline());
  const bool listening = listener_ && now >= pause_;
  if (listener_ && !listening) first = std::min(first, pause_);
  std::array<pollfd, 3> polled{{{bell_->fd(), POLLIN, 0},
                                {lobby_.fd(), POLLIN, 0},
                                {listening ? listener_->native() : -1, POLLIN, 0}}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now);
  ::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  called_ = polled[2].revents != 0;
  const bool rung = bell_->silence();
  lobby_.call(std::chrono::steady_clock::now(), rung);
}

// Somebody waits and cannot be taken: there are no descriptors, or no memory. poll(2) would say so
// again at once, and for ever.
void Server::Impl::take_all() {
  for (int taken = 0; taken < kMostTaken; ++taken) {
    auto incoming = listener_->take();
    if (!incoming && taken == 0) pause_ = after(kPause);
    if (!incoming) return;
    begin(std::move(*incoming));
  }
}

void Server::Impl::begin(TcpListener::Incoming incoming) {
  if (!count_in(incoming.from)) {  // closed unread
    return turn_away(incoming.from, Error(Reason::too_many_connections), nullptr);
  }
  const auto begun = guarded([&]() -> Result<void> {
    auto config = config_.now();
    RATLS_TRY(auto session, Session::server(*config));
    auto opening = std::make_unique<Opening>(std::move(incoming.socket), incoming.from,
                                             std::move(session), std::move(config));
    opening->wake_by([bell = bell_] { bell->ring(); });
    return lobby_.enter(std::move(opening));
  });
  if (begun) return;
  turn_away(incoming.from, begun.error(), nullptr);
  count_out(incoming.from);
}

// The first one that is due.
void Server::Impl::go_on(Opening& opening) {
  const auto went = guarded([&] { return Result(opening.advance()); });
  if (went && *went == Opening::State::going_on) return lobby_.stay();
  const auto leaving = lobby_.leave();
  const bool open = went && *went == Opening::State::open;
  const auto handed_on = guarded([&]() -> Result<void> {
    if (!went) return went.error();
    if (!open) return opening.failed() ? *opening.failed() : Result<void>{};
    workshop_.add(
        {opening.config(), opening.take_socket(), opening.take_session(), opening.from()});
    return {};
  });
  if (!handed_on) {
    turn_away(opening.from(), handed_on.error(), went && !open ? opening.verdict() : nullptr);
  }
  if (!open || !handed_on) count_out(opening.from());
}

// Without memory to say so, nothing is said.
void Server::Impl::turn_away(const std::string& from, const Error& why, const Verdict* verdict) {
  static_cast<void>(guarded([&]() -> Result<void> {
    if (refused) refused(from, why, verdict);
    return {};
  }));
}

void Server::Impl::serve(Workshop::Job& job) {
  auto stream = TcpStream::adopt(std::move(job.socket));
  if (!stream) return;
  auto opened =
      finish_over(std::move(job.session), std::move(stream).value(), job.config->timeouts);
  if (opened.channel) handler_(std::move(opened.channel).value(), job.from);
}

bool Server::Impl::count_in(const std::string& from) {
  const std::lock_guard lock(mutex_);
  const PeerId peer = peer_id(from);
  std::size_t& of_peer = peers_[peer];
  if (connections_ >= limits_.connections || of_peer >= limits_.per_peer) {
    if (of_peer == 0) peers_.erase(peer);
    return false;
  }
  ++of_peer;
  ++connections_;
  return true;
}

// Takes no memory: a worker's thread ends a connection by it.
void Server::Impl::count_out(const std::string& from) {
  const std::lock_guard lock(mutex_);
  const auto peer = peers_.find(peer_id(from));
  if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  --connections_;
  if (stopping_) bell_->ring();  // run() may be waiting for the last one
}

bool Server::Impl::idle() {
  const std::lock_guard lock(mutex_);
  return connections_ == 0;
}

Server::Server(TcpListener listener, ServerConfig config, Handler handler, ServerLimits limits)
    : impl_(std::make_unique<Impl>(std::move(listener), std::move(config), std::move(handler),
                                   limits)) {}
Server::~Server() = default;

Result<void> Server::replace_config(ServerConfig config) {
  return impl_->replace_config(std::move(config));
}
void Server::on_refusal(Refused refused) {
  impl_->refused = std::move(refused);
}
const Address& Server::address() const noexcept {
  return impl_->address();
}
Result<void> Server::run() {
  return impl_->run();
}
void Server::stop() noexcept {
  impl_->stop();
}

}  // namespace ratls
