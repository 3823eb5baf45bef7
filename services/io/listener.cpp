#include <array>
#include <utility>

#include <netdb.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ratls/services/io/detail/uv_stream.h>

namespace ratls::io {

namespace {

using detail::Handle;
using detail::Kind;

constexpr int kBacklog = 1024;

std::string text_of(const sockaddr_storage& address) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::getnameinfo(generic, sizeof address, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  const std::string name(host.data());
  const bool v6 = name.find(':') != std::string::npos;
  return (v6 ? "[" + name + "]" : name) + ":" + port.data();
}

// A name that begins with a zero byte is abstract, written with @ as ss(8) and systemd do. One that
// is neither bound to a file nor to a name is reached by nobody.
std::string unix_path(const sockaddr_storage& address, socklen_t size) {
  constexpr std::size_t kStart = offsetof(sockaddr_un, sun_path);
  const auto* text = reinterpret_cast<const char*>(&address) + kStart;
  if (size <= kStart) return "@";
  std::string path(text, size - kStart);
  if (path.front() != '\0') return path.c_str();
  path.front() = '@';
  return path;
}

class UvListener final : public Listener {
 public:
  UvListener(Loop& loop, Kind kind, Accepted accepted)
      : loop_(loop), handle_(std::make_shared<Handle>(loop, kind)), accepted_(std::move(accepted)) {
    handle_->stream()->data = this;
  }
  ~UvListener() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Handle& handle() noexcept { return *handle_; }

  Result<void> listen() {
    const int failed = uv_listen(handle_->stream(), kBacklog, [](uv_stream_t* server, int status) {
      if (status == 0) static_cast<UvListener*>(server->data)->take();
    });
    if (failed != 0) return error_of(failed, "listening on " + where_);
    return {};
  }

  Result<void> bind_tcp(const sockaddr* address) {
    const int failed = uv_tcp_bind(handle_->tcp(), address, 0);
    if (failed != 0) return error_of(failed, where_);
    RATLS_CHECK(listen());
    note_address();
    return {};
  }

  Result<void> bind_unix(const std::string& path) {
    where_ = "unix:" + path;
    // The file must never be there with a wider mode, not even for a moment.
    const mode_t before = ::umask(0177);
    const int failed = uv_pipe_bind(handle_->pipe(), path.c_str());
    ::umask(before);
    if (failed != 0) return error_of(failed, where_);
    path_ = path;
    return listen();
  }

  // libuv owns what it has opened. A Unix socket's file is whoever's who made the socket.
  Result<void> adopt(Descriptor socket) {
    const int failed = handle_->kind() == Kind::tcp ? uv_tcp_open(handle_->tcp(), socket.get())
                                                    : uv_pipe_open(handle_->pipe(), socket.get());
    if (failed != 0) return error_of(failed, where_);
    static_cast<void>(socket.release());
    return listen();
  }

  void set_where(std::string where) { where_ = std::move(where); }
  [[nodiscard]] std::string where() const override { return where_; }

 private:
  void take() {
    auto stream = std::make_shared<Handle>(loop_, handle_->kind());
    if (uv_accept(handle_->stream(), stream->stream()) != 0) return;
    std::string from = "unix";
    if (handle_->kind() == Kind::tcp) {
      uv_tcp_nodelay(stream->tcp(), 1);
      sockaddr_storage peer{};
      int size = sizeof peer;
      if (uv_tcp_getpeername(stream->tcp(), reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
        from = text_of(peer);
      }
    }
    accepted_(detail::stream_over(stream, stream), std::move(from));
  }

  void note_address() {
    sockaddr_storage own{};
    int size = sizeof own;
    if (handle_->kind() != Kind::tcp) return;
    if (uv_tcp_getsockname(handle_->tcp(), reinterpret_cast<sockaddr*>(&own), &size) == 0) {
      where_ = text_of(own);
    }
  }

  Loop& loop_;
  std::shared_ptr<Handle> handle_;
  Accepted accepted_;
  std::string path_;
  std::string where_;
};

Result<std::unique_ptr<Listener>> bind_tcp(Loop& loop, const Endpoint& at,
                                           Listener::Accepted accepted) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(at.address.port);
  const char* host = at.address.host.empty() ? nullptr : at.address.host.c_str();
  const int unknown = ::getaddrinfo(host, port.c_str(), &hints, &found);
  if (unknown != 0) {
    return Error(Reason::connection_failed, at.text() + ": " + ::gai_strerror(unknown));
  }
  auto listener = std::make_unique<UvListener>(loop, Kind::tcp, std::move(accepted));
  listener->set_where(at.text());
  auto bound = listener->bind_tcp(found->ai_addr);
  ::freeaddrinfo(found);
  if (!bound) return std::move(bound).error();
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::bind(Loop& loop, const Endpoint& at,
                                                 Accepted accepted) {
  if (!at.is_unix()) return bind_tcp(loop, at, std::move(accepted));
  auto listener = std::make_unique<UvListener>(loop, Kind::pipe, std::move(accepted));
  RATLS_CHECK(listener->bind_unix(at.path));
  return std::unique_ptr<Listener>(std::move(listener));
}

Result<Endpoint> Listener::standing_at(const Descriptor& socket) {
  RATLS_CHECK(check_listener(socket.get()));
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0) {
    return error_of(-errno, "descriptor " + std::to_string(socket.get()));
  }
  if (own.ss_family != AF_UNIX) return Endpoint::parse(text_of(own));
  return Endpoint{{}, unix_path(own, size)};
}

Result<std::unique_ptr<Listener>> Listener::adopt(Loop& loop, Descriptor socket,
                                                  Accepted accepted) {
  RATLS_TRY(const Endpoint at, standing_at(socket));
  const Kind kind = at.is_unix() ? Kind::pipe : Kind::tcp;
  auto listener = std::make_unique<UvListener>(loop, kind, std::move(accepted));
  listener->set_where(at.text());
  RATLS_CHECK(listener->adopt(std::move(socket)));
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace ratls::io
