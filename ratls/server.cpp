#include <ratls/server.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ratls/detail/opening.h>

namespace ratls {

namespace {

using detail::Opening;

constexpr std::chrono::milliseconds kLongest{1000};  // between two looks at the deadlines

std::string peer_of(const std::string& from) {
  return from.substr(0, from.rfind(':'));
}

/// Wakes poll(2); shared with the Attester's thread, which may outlive the server.
class Bell {
 public:
  Bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  void ring() const noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(::write(event_.get(), &one, sizeof one) == 0);  // full is rung
  }
  void silence() const noexcept {
    std::uint64_t count = 0;
    static_cast<void>(::read(event_.get(), &count, sizeof count) == 0);
  }

 private:
  Descriptor event_;
};

/// Channels that wait for a worker, and those that have one.
class Workshop {
 public:
  struct Job {
    Descriptor socket;
    Session session;
    std::string from;
  };
  using Work = std::function<void(Job)>;
  using Done = std::function<void(const std::string& from)>;

  Workshop(Work work, Done done) : work_(std::move(work)), done_(std::move(done)) {}
  void start(std::size_t count) {
    while (threads_.size() < count) threads_.emplace_back([this] { run(); });
  }
  void add(Job job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_one();
  }
  /// Ends the connections of all jobs; their handlers see it as a closed connection.
  void cut_off() {
    const std::lock_guard lock(mutex_);
    for (const int fd : active_) ::shutdown(fd, SHUT_RDWR);
    for (const Job& job : jobs_) ::shutdown(job.socket.get(), SHUT_RDWR);
  }
  void join() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      // A descriptor of our own names the connection for cut_off(), however early the channel
      // closes its own.
      const Descriptor mark(::dup(job.socket.get()));
      if (mark.get() >= 0) active_.insert(mark.get());
      lock.unlock();
      const std::string from = job.from;
      work_(std::move(job));
      lock.lock();
      active_.erase(mark.get());
      lock.unlock();
      done_(from);
      lock.lock();
    }
  }

  Work work_;
  Done done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::set<int> active_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

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
        workshop_([this](Workshop::Job job) { serve(std::move(job)); },
                  [this](const std::string& from) { count_out(from); }) {}

  Result<void> run();
  void stop() noexcept {
    stopping_ = true;
    bell_->ring();
  }

  Refused refused;
  [[nodiscard]] const Address& address() const noexcept { return address_; }

 private:
  void take_all();
  void begin(TcpListener::Incoming incoming);
  void go_on(std::list<std::unique_ptr<Opening>>::iterator& at);
  void serve(Workshop::Job job);
  bool count_in(const std::string& from);
  void count_out(const std::string& from);
  [[nodiscard]] bool idle();
  void wait();

  std::optional<TcpListener> listener_;
  Address address_;
  ServerConfig config_;
  Handler handler_;
  ServerLimits limits_;
  std::shared_ptr<Bell> bell_;
  std::atomic<bool> stopping_{false};
  std::list<std::unique_ptr<Opening>> openings_;
  std::mutex mutex_;  ///< guards the counts
  std::map<std::string, std::size_t> peers_;
  std::size_t connections_ = 0;
  Workshop workshop_;
};

Result<void> Server::Impl::run() {
  if (bell_->fd() < 0) return Error(Reason::io_error, "no descriptor for an eventfd");
  workshop_.start(std::max<std::size_t>(limits_.workers, 1));
  std::optional<Deadline> end;
  while (true) {
    if (stopping_ && !end) {
      listener_.reset();
      end = after(limits_.drain);
    }
    if (end && (idle() || std::chrono::steady_clock::now() >= *end)) break;
    wait();
    if (listener_) take_all();
    for (auto at = openings_.begin(); at != openings_.end();) go_on(at);
  }
  openings_.clear();
  workshop_.cut_off();
  workshop_.join();
  return {};
}

// Looks at every opening after each wake: a thousand of them cost less than one handshake.
void Server::Impl::wait() {
  std::vector<pollfd> fds{{bell_->fd(), POLLIN, 0}};
  if (listener_) fds.push_back({listener_->native(), POLLIN, 0});
  Deadline first = after(kLongest);
  for (const auto& opening : openings_) {
    first = std::min(first, opening->deadline());
    const short events = opening->events();
    if (events != 0) fds.push_back({opening->socket(), events, 0});
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(first - std::chrono::steady_clock::now());
  ::poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  bell_->silence();
}

void Server::Impl::take_all() {
  while (auto incoming = listener_->take()) begin(std::move(*incoming));
}

void Server::Impl::begin(TcpListener::Incoming incoming) {
  if (!count_in(incoming.from)) return;  // closed unread
  auto session = Session::server(config_);
  if (!session) {
    if (refused) refused(incoming.from, session.error(), nullptr);
    count_out(incoming.from);
    return;
  }
  auto opening = std::make_unique<Opening>(std::move(incoming.socket), std::move(incoming.from),
                                           std::move(session).value(), config_.timeouts);
  opening->wake_by([bell = bell_] { bell->ring(); });
  openings_.push_back(std::move(opening));
}

void Server::Impl::go_on(std::list<std::unique_ptr<Opening>>::iterator& at) {
  Opening& opening = **at;
  const Opening::State state = opening.advance();
  if (state == Opening::State::going_on) {
    ++at;
    return;
  }
  if (state == Opening::State::open) {
    workshop_.add({opening.take_socket(), opening.take_session(), opening.from()});
  } else {
    const Error* why = opening.failed();
    if (refused && why != nullptr) refused(opening.from(), *why, opening.verdict());
    count_out(opening.from());
  }
  at = openings_.erase(at);
}

void Server::Impl::serve(Workshop::Job job) {
  auto stream = TcpStream::adopt(std::move(job.socket));
  if (!stream) return;
  auto opened = finish_over(std::move(job.session), std::move(stream).value(), config_.timeouts);
  if (opened.channel) handler_(std::move(opened.channel).value(), job.from);
}

bool Server::Impl::count_in(const std::string& from) {
  const std::lock_guard lock(mutex_);
  std::size_t& of_peer = peers_[peer_of(from)];
  if (connections_ >= limits_.connections || of_peer >= limits_.per_peer) {
    if (of_peer == 0) peers_.erase(peer_of(from));
    return false;
  }
  ++of_peer;
  ++connections_;
  return true;
}

void Server::Impl::count_out(const std::string& from) {
  const std::lock_guard lock(mutex_);
  const auto peer = peers_.find(peer_of(from));
  if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  --connections_;
  bell_->ring();  // run() may be waiting for the last one
}

bool Server::Impl::idle() {
  const std::lock_guard lock(mutex_);
  return connections_ == 0;
}

Server::Server(TcpListener listener, ServerConfig config, Handler handler, ServerLimits limits)
    : impl_(std::make_unique<Impl>(std::move(listener), std::move(config), std::move(handler),
                                   limits)) {}
Server::~Server() = default;

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
