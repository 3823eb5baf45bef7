#include <ratls/services/io/notify.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <ratls/tcp.h>

namespace ratls::io {

void notify_manager(std::string_view state) {
  const char* where = std::getenv("NOTIFY_SOCKET");  // whom to tell, never what is accepted
  if (where == nullptr) return;
  const std::string_view path(where);
  sockaddr_un address{};
  if (path.size() < 2 || path.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  if (path.front() == '@') address.sun_path[0] = '\0';  // an abstract socket
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  static_cast<void>(
      ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, generic, size));
}

namespace {

std::optional<std::uint64_t> number_in(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::chrono::milliseconds> watchdog_interval() {
  const auto micro = number_in(std::getenv("WATCHDOG_USEC"));
  const auto meant = number_in(std::getenv("WATCHDOG_PID"));  // of a parent, where it is inherited
  if (!micro || (meant && *meant != static_cast<std::uint64_t>(::getpid()))) return std::nullopt;
  constexpr std::uint64_t kDay = std::uint64_t{24} * 3600 * 1000;
  const std::uint64_t milli = std::min(*micro / 1000, kDay);
  if (milli < 2) return std::nullopt;
  return std::chrono::milliseconds(milli);
}

Watchdog::Watchdog(Loop& loop) : timer_(loop), interval_(watchdog_interval()) {
  if (interval_) tell();
}

void Watchdog::tell() {
  notify_manager("WATCHDOG=1");
  timer_.start(*interval_ / 2, [this] { tell(); });
}

}  // namespace ratls::io
