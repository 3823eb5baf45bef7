#include "hook.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

extern char** environ;

namespace ratls::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{20};  // between two looks at the child

struct Actions {
  Actions() {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { posix_spawn_file_actions_destroy(&actions); }
  posix_spawn_file_actions_t actions{};
};

int start(const Hook& hook, pid_t& child) {
  std::vector<std::string> words = hook.command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const Actions files;
  return ::posix_spawnp(&child, arguments.front(), &files.actions, nullptr, arguments.data(),
                        environ);
}

// Its status; nothing where it had to be killed.
std::optional<int> wait_for(pid_t child, std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  int status = 0;
  while (Clock::now() < end) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    std::this_thread::sleep_for(kLook);
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return std::nullopt;
}

}  // namespace

std::optional<Stop> run_hook(const Hook& hook) {
  if (hook.command.empty()) return std::nullopt;
  const std::string& name = hook.command.front();
  pid_t child = 0;
  if (const int number = start(hook, child); number != 0) {
    return Stop{Exit::unavailable, name + ": " + std::generic_category().message(number)};
  }
  const auto status = wait_for(child, hook.limit);
  if (!status) {
    return Stop{Exit::unavailable, name + " was killed: it went on for more than " +
                                       std::to_string(hook.limit.count()) + " s"};
  }
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return std::nullopt;
  const std::string how = WIFEXITED(*status) ? "exit code " + std::to_string(WEXITSTATUS(*status))
                                             : "signal " + std::to_string(WTERMSIG(*status));
  return Stop{Exit::unavailable, name + " ended with " + how};
}

}  // namespace ratls::cli
