#include "local_server.h"

#include <array>
#include <cstdlib>
#include <iostream>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ratls::test {

namespace {

std::string read_request(int fd) {
  std::string out;
  std::array<char, 1024> part{};
  while (out.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(fd, part.data(), part.size(), 0);
    if (got <= 0) break;
    out.append(part.data(), static_cast<std::size_t>(got));
  }
  return out;
}

}  // namespace

LocalServer::LocalServer(Serve serve)
    : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  auto* const where = reinterpret_cast<sockaddr*>(&name);
  if (::bind(listener_, where, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, where, &size) != 0) {
    std::cerr << "no server on the loopback\n";
    std::abort();
  }
  port_ = ntohs(name.sin_port);
  thread_ = std::thread([this] { work(); });
}

LocalServer::~LocalServer() {
  ended_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::vector<std::string> LocalServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void LocalServer::work() {
  while (!ended_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::string request = read_request(fd);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    }
    serve_(fd);
    ::close(fd);
  }
}

void send_text(int fd, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t part = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (part <= 0) return;
    sent += static_cast<std::size_t>(part);
  }
}

std::string http_answer(const std::string& body, const std::string& status) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json; charset=utf-8\r\nServer: stand-in\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace ratls::test
