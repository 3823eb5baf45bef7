#include <ratls/services/agent/process.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <system_error>
#include <utility>

#include <pwd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ratls/core/secret.h>
#include <ratls/services/agent/cell.h>
#include <ratls/tcp.h>

namespace ratls::agent {

namespace {

std::string words(int code) {
  return std::generic_category().message(code);
}

Result<std::optional<Account>> account_of(const std::string& user) {
  if (user.empty()) {
    if (::geteuid() != 0) return std::optional<Account>();
    return Error(Reason::invalid_config,
                 "agent.user: ratls runs as root here, so name the user whose rights the program "
                 "gets; as root it could ask the firmware for reports itself");
  }
  const passwd* found = ::getpwnam(user.c_str());
  if (found == nullptr) return Error(Reason::invalid_config, "agent.user: no user " + user);
  if (found->pw_uid == 0) return Error(Reason::invalid_config, "agent.user must not be root");
  Account out{found->pw_uid, found->pw_gid, found->pw_dir};
  if (::geteuid() == out.uid) return std::optional<Account>();
  if (::geteuid() != 0) {
    return Error(Reason::invalid_config, "agent.user: only root may start programs as " + user);
  }
  return std::optional(out);
}

/// One packet of the child, with the descriptor that may come along.
struct Packet {
  std::string bytes;  ///< empty: the child closed its end
  int descriptor = -1;
};

Packet receive(int socket) {
  Packet out;
  std::array<char, 4096> buffer{};
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count > 0) out.bytes.assign(buffer.data(), static_cast<std::size_t>(count));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    out.descriptor = *reinterpret_cast<const int*>(CMSG_DATA(header));
  }
  return out;
}

Error error_in(const std::string& packet) {
  if (packet.empty()) return Error(Reason::io_error, "the prepared process ended");
  const std::string text = packet.substr(1);
  if (packet.front() != packet::kFailed) return Error(Reason::exec_failed, text);
  const std::size_t end = text.find('\n');
  for (const Reason each : {Reason::isolation_failed, Reason::device_exposed}) {
    if (text.substr(0, end) == code(each)) return Error(each, text.substr(end + 1));
  }
  return Error(Reason::io_error, text.substr(end + 1));
}

Error not_started(const std::string& packet) {
  const std::string text = packet.substr(1);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return Error(Reason::exec_failed, words(number));
}

Result<void> send_all(int socket, ByteView packet) {
  if (packet.size() > packet::kMax) {
    return Error(Reason::invalid_config, "a variable longer than 131071 bytes");
  }
  const ssize_t sent = ::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(packet.size())) return {};
  return Error(Reason::io_error, "the prepared process ended");
}

Result<void> send_secret(int socket, const std::string& name, const SecretBytes& secret) {
  const std::string before = std::string(1, packet::kVariable) + name + "=";
  Bytes packet;
  packet.reserve(before.size() + secret.size());
  append(packet, as_bytes(before));
  secret.expose([&](ByteView bytes) { append(packet, bytes); });
  const bool zero = std::find(packet.begin(), packet.end(), 0) != packet.end();
  auto sent = zero ? Result<void>(Error(Reason::invalid_config,
                                        name + " has a zero byte; no variable can hold it"))
                   : send_all(socket, packet);
  wipe(packet);
  return sent;
}

}  // namespace

Result<Process> Process::prepare(const Cell& cell) {
  if (cell.command.empty()) return Error(Reason::invalid_config, "no command");
  RATLS_TRY(const auto account, account_of(cell.user));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error(Reason::io_error, "no socket pair: " + words(errno));
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    live_in_cell(cell, account ? &*account : nullptr, ends[1]);
  }
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return Error(Reason::io_error, "no process: " + words(errno));
  }
  Process out(pid, ends[0]);
  if (account) out.home_ = account->home;
  const Packet first = receive(ends[0]);
  if (first.bytes.empty() || first.bytes.front() != packet::kReady) return error_in(first.bytes);
  out.listener_ = first.descriptor;
  return out;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      listener_(std::exchange(other.listener_, -1)),
      started_(other.started_),
      home_(std::move(other.home_)) {}

Process::~Process() {
  if (socket_ >= 0) ::close(socket_);
  if (listener_ >= 0) ::close(listener_);
  if (pid_ <= 0 || started_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int Process::take_listener() noexcept {
  return std::exchange(listener_, -1);
}

Result<void> Process::start(const std::map<std::string, std::string>& variables,
                            const std::map<std::string, const SecretBytes*>& secrets) {
  for (const auto& [name, value] : variables) {
    if (secrets.contains(name)) continue;
    const std::string packet = std::string(1, packet::kVariable) + name + "=" + value;
    RATLS_CHECK(send_all(socket_, as_bytes(packet)));
  }
  for (const auto& [name, secret] : secrets) RATLS_CHECK(send_secret(socket_, name, *secret));
  RATLS_CHECK(send_all(socket_, as_bytes(std::string(1, packet::kGo))));
  // The exec closes the child's end, which is the only sign that it happened.
  const Packet answer = receive(socket_);
  if (answer.bytes.empty()) {
    started_ = true;
    return {};
  }
  if (answer.bytes.front() == packet::kNoExec) return not_started(answer.bytes);
  return error_in(answer.bytes);
}

}  // namespace ratls::agent
