#include <optional>
#include <utility>

#include <netdb.h>

#include <ratls/services/io/detail/uv_stream.h>

namespace ratls::io {

/// Lives until libuv has ended every request of it.
class Connector::Impl : public std::enable_shared_from_this<Connector::Impl> {
 public:
  Impl(Loop& loop, Endpoint to, Done done)
      : loop_(loop), to_(std::move(to)), done_(std::move(done)), limit_(std::in_place, loop) {}
  ~Impl() {
    if (found_ != nullptr) uv_freeaddrinfo(found_);
  }

  void begin(std::chrono::milliseconds limit) {
    limit_->start(limit, [this] {
      finish(Error(Reason::handshake_timeout, to_.text() + " did not answer in time"));
    });
    to_.is_unix() ? connect_unix() : resolve();
  }

  void forget() {
    done_ = nullptr;
    limit_.reset();
    handle_.reset();
    if (resolving_ != nullptr) uv_cancel(reinterpret_cast<uv_req_t*>(resolving_));
  }

 private:
  /// A request of libuv's and the share of this that it owns.
  template <class Request>
  struct Owned {
    Request request{};
    std::shared_ptr<Impl> impl;
  };

  void connect_unix() {
    handle_ = std::make_shared<detail::Handle>(loop_, detail::Kind::pipe);
    auto* owned = new Owned<uv_connect_t>{{}, shared_from_this()};
    owned->request.data = owned;
    uv_pipe_connect(&owned->request, handle_->pipe(), to_.path.c_str(), connected);
  }

  void resolve() {
    auto* owned = new Owned<uv_getaddrinfo_t>{{}, shared_from_this()};
    owned->request.data = owned;
    resolving_ = &owned->request;
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    const std::string port = std::to_string(to_.address.port);
    const std::string host = to_.address.host.empty() ? "localhost" : to_.address.host;
    const int failed =
        uv_getaddrinfo(loop_.native(), resolving_, resolved, host.c_str(), port.c_str(), &hints);
    if (failed == 0) return;
    resolving_ = nullptr;
    delete owned;
    last_ = failed;
    limit_->start(std::chrono::milliseconds(0), [this] { try_next(); });
  }

  static void resolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
    const std::unique_ptr<Owned<uv_getaddrinfo_t>> owned(
        static_cast<Owned<uv_getaddrinfo_t>*>(request->data));
    Impl& self = *owned->impl;
    self.resolving_ = nullptr;
    self.found_ = found;
    self.next_ = found;
    if (status != 0) self.last_ = status;
    if (self.done_) self.try_next();
  }

  void try_next() {
    if (next_ == nullptr) {
      finish(Error(Reason::connection_failed, to_.text() + ": " + uv_strerror(last_)));
      return;
    }
    const sockaddr* address = next_->ai_addr;
    next_ = next_->ai_next;
    handle_ = std::make_shared<detail::Handle>(loop_, detail::Kind::tcp);
    auto* owned = new Owned<uv_connect_t>{{}, shared_from_this()};
    owned->request.data = owned;
    const int failed = uv_tcp_connect(&owned->request, handle_->tcp(), address, connected);
    if (failed == 0) return;
    delete owned;
    last_ = failed;
    try_next();
  }

  static void connected(uv_connect_t* request, int status) {
    const std::unique_ptr<Owned<uv_connect_t>> owned(
        static_cast<Owned<uv_connect_t>*>(request->data));
    Impl& self = *owned->impl;
    if (!self.done_) return;
    if (status == 0) {
      if (!self.to_.is_unix()) uv_tcp_nodelay(self.handle_->tcp(), 1);
      auto handle = std::move(self.handle_);
      self.finish(detail::stream_over(handle, handle));
      return;
    }
    self.last_ = status;
    self.try_next();
  }

  void finish(Result<std::unique_ptr<Stream>> result) {
    const auto self = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    forget();
    if (done) done(std::move(result));
  }

  Loop& loop_;
  Endpoint to_;
  Done done_;
  std::optional<Timer> limit_;
  std::shared_ptr<detail::Handle> handle_;
  uv_getaddrinfo_t* resolving_ = nullptr;
  addrinfo* found_ = nullptr;
  addrinfo* next_ = nullptr;
  int last_ = UV_EAI_NONAME;
};

Connector::Connector(Loop& loop, Endpoint to, std::chrono::milliseconds limit, Done done)
    : impl_(std::make_shared<Impl>(loop, std::move(to), std::move(done))) {
  impl_->begin(limit);
}

Connector::~Connector() {
  impl_->forget();
}

}  // namespace ratls::io
