#include <ratls/services/agent/supervisor.h>

#include <array>
#include <cerrno>
#include <utility>

#include <sys/wait.h>

namespace ratls::agent {

namespace {

constexpr std::array<int, 9> kForwarded{SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT, SIGUSR1,
                                        SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};

int shell_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Supervisor::Supervisor() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGCHLD);
  for (const int each : kForwarded) sigaddset(&signals_, each);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

Supervisor::~Supervisor() {
  if (thread_.joinable()) thread_.join();
}

void Supervisor::watch(pid_t pid, std::function<void(int)> ended, std::function<void()> hangup) {
  ended_ = std::move(ended);
  hangup_ = std::move(hangup);
  thread_ = std::thread([this, pid] { run(pid); });
}

void Supervisor::run(pid_t pid) {
  while (true) {
    int status = 0;
    const pid_t found = ::waitpid(pid, &status, WNOHANG);
    if (found == pid || (found < 0 && errno == ECHILD)) return ended_(shell_code(status));
    int number = 0;
    if (::sigwait(&signals_, &number) != 0 || number == SIGCHLD) continue;
    if (number == SIGHUP && hangup_) {
      hangup_();
    } else {
      ::kill(pid, number);
    }
  }
}

}  // namespace ratls::agent
