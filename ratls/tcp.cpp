#include <ratls/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ratls/core/guarded.h>

namespace ratls {

namespace {

constexpr int kBacklog = 128;
const std::string kUnix = "unix:";

std::string system_message(int code) {
  return std::generic_category().message(code);
}

Error io_failed(int code) {
  if (code == ECONNRESET || code == EPIPE) return Error(Reason::connection_closed, "reset");
  return Error(Reason::io_error, system_message(code));
}

// Waits until the socket is ready for `events`.
Result<void> wait_ready(int fd, short events, Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Error(Reason::handshake_timeout, "the deadline passed");
    const auto limit = std::min<std::int64_t>(left.count(), 60000);
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(limit));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return io_failed(errno);
  }
}

bool try_again(int code) {
  return code == EAGAIN || code == EINTR;
}

Result<void> prepare(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return io_failed(errno);
  const int on = 1;
  // Fails on a Unix socket, where it is not needed.
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

struct AddressList {
  ~AddressList() {
    if (head != nullptr) ::freeaddrinfo(head);
  }
  addrinfo* head = nullptr;
};

Result<void> resolve(const Address& address, int flags, AddressList& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  const std::string port = std::to_string(address.port);
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int failed = ::getaddrinfo(host, port.c_str(), &hints, &out.head);
  if (failed == 0) return {};
  return Error(Reason::connection_failed, address.text() + ": " + ::gai_strerror(failed));
}

Result<Descriptor> open_socket(const addrinfo& entry) {
  Descriptor socket(::socket(entry.ai_family, entry.ai_socktype | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return io_failed(errno);
  RATLS_CHECK(prepare(socket.get()));
  return socket;
}

Result<Descriptor> connect_one(const addrinfo& entry, Deadline deadline) {
  RATLS_TRY(Descriptor socket, open_socket(entry));
  if (::connect(socket.get(), entry.ai_addr, entry.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return Error(Reason::connection_failed, system_message(errno));
  RATLS_CHECK(wait_ready(socket.get(), POLLOUT, deadline));
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0) return Error(Reason::connection_failed, system_message(failed));
  return socket;
}

sockaddr* as_sockaddr(sockaddr_storage& name) {
  return reinterpret_cast<sockaddr*>(&name);
}

// Empty for a name that is no path (unix(7): abstract and unnamed sockets).
std::string unix_path(const sockaddr_storage& name, socklen_t size) {
  constexpr std::size_t kHead = offsetof(sockaddr_un, sun_path);
  const std::size_t length = std::clamp<std::size_t>(size, kHead, sizeof(sockaddr_un)) - kHead;
  const std::string_view path(reinterpret_cast<const sockaddr_un*>(&name)->sun_path, length);
  return std::string(path.substr(0, path.find('\0')));
}

std::string text_of(sockaddr_storage& name, socklen_t size) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int failed = ::getnameinfo(as_sockaddr(name), size, host.data(), host.size(), port.data(),
                                   port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  if (failed != 0) return "unknown:0";
  Address out{host.data(), 0};
  const std::string_view digits(port.data());
  std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  return out.text();
}

Result<Address> bound_address(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, as_sockaddr(name), &size) != 0) return io_failed(errno);
  if (name.ss_family == AF_UNIX) return Address{kUnix + unix_path(name, size), 0};
  return Address::parse(text_of(name, size));
}

// The peer of a Unix socket has no address worth a name; its user and process have one.
std::string unix_peer(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unix-uid-unknown:0";
  return "unix-uid-" + std::to_string(peer.uid) + ":" + std::to_string(peer.pid);
}

int option_of(int fd, int option) {
  int out = -1;
  socklen_t size = sizeof out;
  return ::getsockopt(fd, SOL_SOCKET, option, &out, &size) == 0 ? out : -1;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Address> Address::parse(std::string_view text) {
  const Error wrong(Reason::invalid_config, "an address is written host:port, e.g. 127.0.0.1:8443");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > 300) return wrong;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong;  // a bare IPv6 address: which colon is meant?
  }
  Address out{std::string(host), 0};
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (failed != std::errc() || end != port.data() + port.size()) return wrong;
  return out;
}

std::string Address::text() const {
  if (host.starts_with(kUnix)) return host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<std::unique_ptr<Transport>> TcpStream::connect(const Address& address, Deadline deadline) {
  return guarded([&]() -> Result<std::unique_ptr<Transport>> {
    AddressList list;
    RATLS_CHECK(resolve(address, 0, list));
    Error last(Reason::connection_failed, address.text() + ": no address");
    for (const addrinfo* entry = list.head; entry != nullptr; entry = entry->ai_next) {
      auto socket = connect_one(*entry, deadline);
      if (socket) return std::unique_ptr<Transport>(new TcpStream(std::move(socket).value()));
      last = Error(Reason::connection_failed, address.text() + ": " + socket.error().detail());
    }
    return last;
  });
}

Result<std::unique_ptr<Transport>> TcpStream::adopt(Descriptor socket) {
  RATLS_CHECK(prepare(socket.get()));
  return std::unique_ptr<Transport>(new TcpStream(std::move(socket)));
}

Result<std::size_t> TcpStream::read(std::span<std::uint8_t> out, Deadline deadline) {
  while (true) {
    const ssize_t got = ::recv(socket_.get(), out.data(), out.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (!try_again(errno)) return io_failed(errno);
    RATLS_CHECK(wait_ready(socket_.get(), POLLIN, deadline));
  }
}

Result<void> TcpStream::write(ByteView bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && !try_again(errno)) return io_failed(errno);
    RATLS_CHECK(wait_ready(socket_.get(), POLLOUT, deadline));
  }
  return {};
}

void TcpStream::end_writing() noexcept {
  ::shutdown(socket_.get(), SHUT_WR);
}

Result<TcpListener> TcpListener::bind(const Address& address) {
  AddressList list;
  RATLS_CHECK(resolve(address, AI_PASSIVE, list));
  Error last(Reason::connection_failed, address.text() + ": no address");
  for (const addrinfo* entry = list.head; entry != nullptr; entry = entry->ai_next) {
    RATLS_TRY(Descriptor socket, open_socket(*entry));
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.get(), entry->ai_addr, entry->ai_addrlen) != 0 ||
        ::listen(socket.get(), kBacklog) != 0) {
      last = Error(Reason::connection_failed, address.text() + ": " + system_message(errno));
      continue;
    }
    RATLS_TRY(const Address bound, bound_address(socket.get()));
    return TcpListener(std::move(socket), Address{address.host, bound.port});
  }
  return last;
}

Result<void> check_listener(int socket) {
  const int domain = option_of(socket, SO_DOMAIN);
  const bool known = domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX;
  if (!known || option_of(socket, SO_TYPE) != SOCK_STREAM ||
      option_of(socket, SO_ACCEPTCONN) != 1) {
    return Error(Reason::not_a_listener, "descriptor " + std::to_string(socket));
  }
  return {};
}

Result<TcpListener> TcpListener::adopt(Descriptor socket) {
  RATLS_CHECK(check_listener(socket.get()));
  RATLS_CHECK(prepare(socket.get()));
  if (::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) return io_failed(errno);
  RATLS_TRY(Address address, bound_address(socket.get()));
  return TcpListener(std::move(socket), std::move(address));
}

std::optional<TcpListener::Incoming> TcpListener::take() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  Descriptor socket(::accept4(socket_.get(), as_sockaddr(peer), &size, SOCK_CLOEXEC));
  if (socket.get() < 0 || !prepare(socket.get())) return std::nullopt;
  const bool local = peer.ss_family == AF_UNIX;
  std::string from = local ? unix_peer(socket.get()) : text_of(peer, size);
  return Incoming{std::move(socket), std::move(from)};
}

Result<std::unique_ptr<Transport>> TcpListener::accept(Deadline deadline) {
  while (true) {
    Descriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.get() >= 0) return TcpStream::adopt(std::move(socket));
    const bool passing = try_again(errno) || errno == ECONNABORTED;
    if (!passing) return io_failed(errno);
    RATLS_CHECK(wait_ready(socket_.get(), POLLIN, deadline));
  }
}

}  // namespace ratls
