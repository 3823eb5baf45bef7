#include <ratls/services/broker/notify.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <ratls/tcp.h>

namespace ratls::broker {

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

}  // namespace ratls::broker
