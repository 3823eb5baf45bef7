// The one socket of certgen: a GET of the machine's own metadata service.
#include <ratls/certgen/detail/thim.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ratls/core/http_body.h>
#include <ratls/core/http_head.h>

namespace ratls::detail {

namespace {

using Moment = std::chrono::steady_clock::time_point;
constexpr const char* kTarget = "/metadata/THIM/amd/certification";

Error failed(const std::string& what) {
  return Error(Reason::connection_failed, "the metadata service (169.254.169.254): " + what);
}

Error failed_with(int code) {
  return failed(std::generic_category().message(code));
}

bool again(int code) {
  return code == EAGAIN || code == EINTR;
}

/// One connection with one deadline; closed with this object.
class Connection {
 public:
  explicit Connection(Moment until)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), until_(until) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> open(const ThimPlace& place) {
    if (fd_ < 0) return failed_with(errno);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(place.address);
    name.sin_port = htons(place.port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return {};
    if (errno != EINPROGRESS) return failed_with(errno);
    RATLS_CHECK(wait(POLLOUT));
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size);
    return code == 0 ? Result<void>() : failed_with(code);
  }

  Result<void> write(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && !again(errno)) return failed_with(errno);
      if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
      if (sent <= 0) RATLS_CHECK(wait(POLLOUT));
    }
    return {};
  }

  /// At least one byte; the end is an error.
  Result<ByteView> read() {
    while (true) {
      RATLS_CHECK(wait(POLLIN));
      const ssize_t got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
      if (got > 0) return ByteView(buffer_).first(static_cast<std::size_t>(got));
      if (got == 0) return failed("it ended in the middle of its answer");
      if (!again(errno)) return failed_with(errno);
    }
  }

 private:
  // Also where bytes are ready: a peer that sends one at a time keeps nobody longer.
  Result<void> wait(short events) const {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until_ - std::chrono::steady_clock::now());
      if (left.count() <= 0) return failed("no answer in time");
      pollfd what{fd_, events, 0};
      const int ready = ::poll(&what, 1, static_cast<int>(left.count()));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return failed_with(errno);
    }
  }

  int fd_;
  Moment until_;
  std::array<std::uint8_t, 4096> buffer_{};
};

Result<std::string> request_text() {
  http::RequestHead head{"GET", kTarget, {}, {}};
  head.headers.add({"Host", "169.254.169.254"});
  head.headers.add({"Metadata", "true"});
  head.headers.add({"User-Agent", "ratls"});
  head.headers.add({"Connection", "close"});
  return http::write(head);
}

Result<Bytes> read_answer(Connection& connection) {
  http::HeadReader reader;
  ByteView rest;
  while (!reader.complete()) {
    RATLS_TRY(const ByteView bytes, connection.read());
    RATLS_TRY(const std::size_t used, reader.feed(bytes));
    rest = bytes.subspan(used);
  }
  RATLS_TRY(const http::ResponseHead head, http::parse_response(reader.text()));
  if (head.status != 200) return failed("HTTP status " + std::to_string(head.status));
  RATLS_TRY(http::BodyReader body, http::BodyReader::open(head, kMaxThimAnswer));
  RATLS_TRY(std::size_t used, body.feed(rest));
  while (!body.complete()) {
    RATLS_TRY(rest, connection.read());
    RATLS_TRY(used, body.feed(rest));
  }
  if (used != rest.size()) return Error(Reason::malformed_http, "bytes after the body");
  return std::move(body).take();
}

}  // namespace

Result<Bytes> ask_thim(const ThimPlace& place) {
  Connection connection(std::chrono::steady_clock::now() + place.limit);
  RATLS_CHECK(connection.open(place));
  RATLS_TRY(const std::string request, request_text());
  RATLS_CHECK(connection.write(as_bytes(request)));
  return read_answer(connection);
}

}  // namespace ratls::detail
