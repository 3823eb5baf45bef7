#include <ratls/detail/lobby.h>

#include <array>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::chrono::seconds kRound{1};

// One event, and then silence until the next call: whoever is due anyway, or waits for evidence,
// would otherwise be called again and again by a peer that has hung up.
epoll_event once(short events, void* whom) {
  epoll_event out{};
  out.events = EPOLLONESHOT;
  if ((events & POLLIN) != 0) out.events |= EPOLLIN;
  if ((events & POLLOUT) != 0) out.events |= EPOLLOUT;
  out.data.ptr = whom;
  return out;
}

}  // namespace

Lobby::Lobby() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Deadline Lobby::deadline() const noexcept {
  return deadlines_.empty() ? Deadline::max() : deadlines_.begin()->first;
}

Result<void> Lobby::enter(std::unique_ptr<Opening> opening) {
  Guests coming;
  coming.push_back({std::move(opening), deadlines_.end(), &due_, {}});
  Guest& guest = coming.front();
  guest.self = coming.begin();
  guest.deadline = deadlines_.emplace_hint(deadlines_.end(), guest.opening->deadline(), &guest);
  epoll_event event = once(0, &guest);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, guest.opening->socket(), &event) != 0) {
    deadlines_.erase(guest.deadline);
    return Error(Reason::io_error, "the system watches no more connections");
  }
  due_.splice(due_.end(), coming);
  return {};
}

void Lobby::call(Deadline now, bool rung) noexcept {
  std::array<epoll_event, kBatch> events{};
  int count = 0;
  do {
    count = ::epoll_wait(epoll_.get(), events.data(), kBatch, 0);
    for (int i = 0; i < count; ++i) {
      make_due(*static_cast<Guest*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  } while (count == static_cast<int>(kBatch));
  for (const auto& [deadline, guest] : deadlines_) {
    if (deadline > now) break;
    make_due(*guest);
  }
  if (!rung && now < next_round_) return;
  next_round_ = now + kRound;
  while (!awaiting_.empty()) make_due(awaiting_.front());
}

Opening* Lobby::first_due() noexcept {
  return due_.empty() ? nullptr : due_.front().opening.get();
}

void Lobby::stay() noexcept {
  Guest& guest = due_.front();
  if (guest.opening->deadline() != guest.deadline->first) {
    auto node = deadlines_.extract(guest.deadline);
    node.key() = guest.opening->deadline();
    guest.deadline = deadlines_.insert(std::move(node));
  }
  const short events = guest.opening->events();
  move(guest, events == 0 ? awaiting_ : listening_);
  if (events == 0) return;
  epoll_event event = once(events, &guest);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, guest.opening->socket(), &event);
}

// By name, and not by closing: a program that is being started may hold the socket for a moment
// longer, and the system would go on naming who is gone.
std::unique_ptr<Opening> Lobby::leave() noexcept {
  Guest& guest = due_.front();
  auto opening = std::move(guest.opening);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, opening->socket(), nullptr);
  deadlines_.erase(guest.deadline);
  due_.pop_front();
  return opening;
}

void Lobby::clear() noexcept {
  due_.splice(due_.end(), listening_);
  due_.splice(due_.end(), awaiting_);
  while (!due_.empty()) static_cast<void>(leave());
}

void Lobby::make_due(Guest& guest) noexcept {
  if (guest.in != &due_) move(guest, due_);
}

void Lobby::move(Guest& guest, Guests& to) noexcept {
  to.splice(to.end(), *guest.in, guest.self);
  guest.in = &to;
}

}  // namespace ratls::detail
