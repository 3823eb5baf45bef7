#include <ratls/services/agent/cell.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ratls/services/agent/rights.h>
#include <ratls/tcp.h>

namespace ratls::agent {

namespace {

std::string words(int code) {
  return std::generic_category().message(code);
}

Error no_isolation(const std::string& what) {
  const int code = errno;
  return Error(Reason::isolation_failed,
               what + ": " + words(code) +
                   "; run ratls as root (with CAP_SYS_ADMIN in a container), or allow unprivileged "
                   "user namespaces");
}

Result<void> write_once(const char* path, const std::string& text) {
  const Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return no_isolation(path);
  const ssize_t count = ::write(file.get(), text.data(), text.size());
  if (count != static_cast<ssize_t>(text.size())) return no_isolation(path);
  return {};
}

// Without root a network namespace needs a user namespace around it, in which nobody but this user
// exists.
Result<void> leave_network() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (uid == 0) {
    if (::unshare(CLONE_NEWNET) != 0) return no_isolation("no network namespace");
    return {};
  }
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return no_isolation("no user namespace");
  // Of a process that is not dumpable these files are root's. This one holds nothing yet.
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return no_isolation("no access to its own /proc");
  RATLS_CHECK(write_once("/proc/self/setgroups", "deny"));
  const std::string user = std::to_string(uid);
  const std::string group = std::to_string(gid);
  RATLS_CHECK(write_once("/proc/self/uid_map", user + " " + user + " 1"));
  return write_once("/proc/self/gid_map", group + " " + group + " 1");
}

Result<void> raise_loopback() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return no_isolation("no socket for the loopback interface");
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return no_isolation("loopback");
  return {};
}

Result<Descriptor> listen_on_loopback(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return no_isolation("no listening socket");
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
                     ::listen(socket.get(), SOMAXCONN) == 0;
  if (!bound) return no_isolation("127.0.0.1:" + std::to_string(port));
  return socket;
}

void say(int socket, char kind, const std::string& text) {
  const std::string packet = kind + text;
  static_cast<void>(::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL));
}

void say_ready(int socket, int listener) {
  char kind = packet::kReady;
  iovec part{&kind, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (listener >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(header)) = listener;
  }
  static_cast<void>(::sendmsg(socket, &message, MSG_NOSIGNAL));
}

Result<void> shut_in(const Cell& cell, const Account* account, int socket) {
  Descriptor listener;
  if (cell.isolated) {
    RATLS_CHECK(leave_network());
    RATLS_CHECK(raise_loopback());
    if (cell.port != 0) {
      RATLS_TRY(listener, listen_on_loopback(cell.port));
    }
  }
  RATLS_CHECK(drop_rights(account));
  RATLS_CHECK(check_devices_closed());
  say_ready(socket, listener.get());
  return {};
}

void forget_signals() {
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Nothing where the parent went away before it said go.
std::optional<std::vector<std::string>> await_go(int socket) {
  std::vector<std::string> out;
  std::string packet(packet::kMax, '\0');
  while (true) {
    const ssize_t count = ::recv(socket, packet.data(), packet.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    if (packet.front() == packet::kGo) return out;
    out.push_back(packet.substr(1, static_cast<std::size_t>(count) - 1));
  }
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& each : strings) out.push_back(each.data());
  out.push_back(nullptr);
  return out;
}

// A command without a slash is looked for where its own PATH says, not where the host's does.
void take_path(const std::vector<std::string>& environment) {
  constexpr std::string_view kPath = "PATH=";
  ::unsetenv("PATH");
  for (const std::string& each : environment) {
    if (each.starts_with(kPath)) ::setenv("PATH", each.substr(kPath.size()).c_str(), 1);
  }
}

void fail(int socket, const Error& error) {
  say(socket, packet::kFailed, std::string(code(error.reason())) + "\n" + error.detail());
}

}  // namespace

void live_in_cell(const Cell& cell, const Account* account, int socket) {
  if (const auto shut = shut_in(cell, account, socket); !shut) {
    fail(socket, shut.error());
    ::_exit(125);
  }
  auto environment = await_go(socket);
  if (!environment) ::_exit(125);
  forget_signals();
  take_path(*environment);
  std::vector<std::string> command = cell.command;
  const auto argv = pointers(command);
  const auto envp = pointers(*environment);
  // All but the three standard streams is closed by the exec, the socket included.
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  ::execvpe(argv.front(), argv.data(), envp.data());
  const int code = errno;
  say(socket, packet::kNoExec, std::to_string(code));
  ::_exit(code == ENOENT ? 127 : 126);
}

}  // namespace ratls::agent
