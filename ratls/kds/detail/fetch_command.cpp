#include <ratls/kds/detail/fetch_command.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include <ratls/tcp.h>

namespace ratls::kds {
namespace {

constexpr std::string_view kPlaceholder = "{url}";

Error failed(std::string what) {
  return Error(Reason::fetch_command_failed, std::move(what));
}

std::string message(int number) {
  return std::generic_category().message(number);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Splits one line, character by character.
class Splitter {
 public:
  Result<std::vector<std::string>> split(std::string_view line) {
    for (const char c : line) take(c);
    if (quote_ != 0 || escaped_) {
      return Error(Reason::invalid_config, "the fetch command has a quote without its end");
    }
    end_word();
    if (words_.empty() || words_.front().empty()) {
      return Error(Reason::invalid_config, "the fetch command is empty");
    }
    return std::move(words_);
  }

 private:
  void take(char c) {
    if (escaped_) {
      add(c);
      escaped_ = false;
    } else if (c == '\\' && quote_ != '\'') {
      escaped_ = in_word_ = true;
    } else if (quote_ != 0) {
      c == quote_ ? void(quote_ = 0) : add(c);
    } else if (c == '\'' || c == '"') {
      quote_ = c;
      in_word_ = true;
    } else if (is_blank(c)) {
      end_word();
    } else {
      add(c);
    }
  }
  void add(char c) {
    word_.push_back(c);
    in_word_ = true;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
  bool escaped_ = false;
  char quote_ = 0;
};

/// A running program, killed with its group and waited for when this goes.
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

  /// Has it ended, and how? Errors: fetch_command_failed where nobody can tell.
  Result<bool> ended(int& status) {
    const pid_t got = ::waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    running_ = false;
    if (got < 0) return failed("its exit status was lost: " + message(errno));
    return true;
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

  // A group of its own, default signals (a server may ignore SIGPIPE), and only 0, 1 and 2 open:
  // every descriptor of this library is close-on-exec.
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
           ::posix_spawnattr_setflags(&attributes_, flags) == 0 &&
           ::posix_spawnattr_setpgroup(&attributes_, 0) == 0 &&
           ::posix_spawnattr_setsigdefault(&attributes_, &all) == 0 &&
           ::posix_spawnattr_setsigmask(&attributes_, &none) == 0;
  }

  Result<pid_t> spawn(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int wrong =
        ::posix_spawnp(&pid, argv.front(), &actions_, &attributes_, argv.data(), ::environ);
    if (wrong != 0) return failed(arguments.front() + ": " + message(wrong));
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Reads what is there. True at the end of the output.
Result<bool> read_output(int fd, Bytes& out, std::size_t limit) {
  std::array<std::uint8_t, 4096> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got < 0) return failed(message(errno));
  append(out, ByteView(buffer).first(static_cast<std::size_t>(got)));
  if (out.size() > limit) {
    return Error(Reason::malformed_http,
                 "the fetch command wrote more than " + std::to_string(limit) + " bytes");
  }
  return got == 0;
}

Result<Bytes> read_to_end(int fd, std::size_t limit, const Patience& patience) {
  Bytes out;
  while (true) {
    RATLS_CHECK(patience.check());
    pollfd entry{fd, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(Patience::kSlice.count())) <= 0) continue;
    RATLS_TRY(const bool end, read_output(fd, out, limit));
    if (end) return out;
  }
}

Result<void> wait_for(Child& child, const Patience& patience) {
  int status = 0;
  while (true) {
    RATLS_TRY(const bool ended, child.ended(status));
    if (ended) break;
    RATLS_CHECK(patience.check());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (WIFSIGNALED(status))
    return failed("it was ended by signal " + std::to_string(WTERMSIG(status)));
  const int code = WEXITSTATUS(status);
  return code == 0 ? Result<void>() : failed("its exit status was " + std::to_string(code));
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view line) {
  return Splitter().split(line);
}

std::vector<std::string> with_url(std::vector<std::string> arguments, const std::string& url) {
  bool found = false;
  for (std::string& argument : arguments) {
    for (std::size_t at = 0; (at = argument.find(kPlaceholder, at)) != std::string::npos;) {
      argument.replace(at, kPlaceholder.size(), url);
      at += url.size();
      found = true;
    }
  }
  if (!found) arguments.push_back(url);
  return arguments;
}

Result<Bytes> run_fetch_command(const std::vector<std::string>& arguments, std::size_t limit,
                                const Patience& patience) {
  if (arguments.empty()) return Error(Reason::invalid_config, "the fetch command is empty");
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(message(errno));
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  if (::fcntl(reading.get(), F_SETFL, O_NONBLOCK) != 0) return failed(message(errno));
  SpawnPlan plan;
  if (!plan.prepare(writing.get())) return failed("no memory");
  RATLS_TRY(const pid_t pid, plan.spawn(arguments));
  Child child(pid);
  Descriptor(std::move(writing));  // the program's end is then the only one
  RATLS_TRY(Bytes out, read_to_end(reading.get(), limit, patience));
  RATLS_CHECK(wait_for(child, patience));
  return out;
}

}  // namespace ratls::kds
