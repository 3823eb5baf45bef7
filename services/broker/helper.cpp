#include <ratls/services/broker/helper.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include <ratls/tcp.h>

namespace ratls::broker {

namespace {

using std::chrono::steady_clock;

Error failed(const std::string& what) {
  return Error(Reason::secret_helper_failed, what);
}

std::string message(int number) {
  return std::generic_category().message(number);
}

/// A running helper; killed with its group and waited for when this goes.
class Child {
 public:
  explicit Child(pid_t pid) noexcept : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    if (running_) ::waitpid(pid_, &status, 0);
  }

  Result<void> wait(steady_clock::time_point deadline) {
    int status = 0;
    while (true) {
      const pid_t got = ::waitpid(pid_, &status, WNOHANG);
      if (got == pid_) break;
      if (got < 0 && errno != EINTR) return failed("its exit status was lost");
      if (steady_clock::now() >= deadline) return failed("it did not end in time");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    running_ = false;
    if (WIFSIGNALED(status)) return failed("ended by signal " + std::to_string(WTERMSIG(status)));
    if (WEXITSTATUS(status) == 0) return {};
    return failed("exit status " + std::to_string(WEXITSTATUS(status)));
  }

 private:
  pid_t pid_;
  bool running_ = true;
};

/// posix_spawn's two lists of what to do in the child.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  // A group of its own, default signals, and nothing open but 0, 1 and 2.
  bool prepare(int output) {
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    ::sigemptyset(&none);
    const auto flags =
        static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    return ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0) == 0 &&
           ::posix_spawn_file_actions_adddup2(&actions_, output, 1) == 0 &&
           ::posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0) == 0 &&
           ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3) == 0 &&
           ::posix_spawnattr_setflags(&attributes_, flags) == 0 &&
           ::posix_spawnattr_setpgroup(&attributes_, 0) == 0 &&
           ::posix_spawnattr_setsigdefault(&attributes_, &all) == 0 &&
           ::posix_spawnattr_setsigmask(&attributes_, &none) == 0;
  }

  Result<pid_t> spawn(std::vector<std::string> arguments, std::vector<std::string> environment) {
    pid_t pid = 0;
    auto argv = pointers(arguments);
    auto env = pointers(environment);
    const int wrong =
        ::posix_spawn(&pid, argv.front(), &actions_, &attributes_, argv.data(), env.data());
    if (wrong != 0) return failed(arguments.front() + ": " + message(wrong));
    return pid;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<std::string> environment_of(const Helper& helper) {
  std::map<std::string, std::string> all = helper.environment;
  all.emplace("PATH", "/usr/bin:/bin");
  all.emplace("LANG", "C");
  std::vector<std::string> out;
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

/// Room for the longest value and one byte more; wiped.
struct Room {
  explicit Room(std::size_t max) : bytes(max + 1) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { wipe(bytes); }
  Bytes bytes;
};

// A last line feed is the program's, not the value's: it does not count.
Result<std::size_t> read_to_end(int fd, Room& room, steady_clock::time_point deadline) {
  std::size_t size = 0;
  while (size < room.bytes.size()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return failed("it did not end in time");
    pollfd entry{fd, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = ::read(fd, &room.bytes[size], room.bytes.size() - size);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return failed(message(errno));
    if (got == 0) return size;
    size += static_cast<std::size_t>(got);
  }
  return failed("it wrote more than max_bytes");
}

}  // namespace

Result<SecretBytes> run_helper(const Helper& helper) {
  const auto deadline = steady_clock::now() + helper.timeout;
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(message(errno));
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  if (::fcntl(reading.get(), F_SETFL, O_NONBLOCK) != 0) return failed(message(errno));
  SpawnPlan plan;
  if (!plan.prepare(writing.get())) return failed("no memory");
  RATLS_TRY(const pid_t pid, plan.spawn(helper.command, environment_of(helper)));
  Child child(pid);
  Descriptor(std::move(writing));  // the program's end is then the only one
  Room room(helper.max_bytes);
  RATLS_TRY(std::size_t size, read_to_end(reading.get(), room, deadline));
  RATLS_CHECK(child.wait(deadline));
  if (size > 0 && room.bytes[size - 1] == '\n') --size;
  if (size == 0) return failed("it wrote nothing");
  return SecretBytes::copy_of(ByteView(room.bytes).first(size));
}

}  // namespace ratls::broker
