#include <ratls/services/agent/hygiene.h>

#include <csignal>

#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace ratls::agent {

void close_the_house() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::signal(SIGPIPE, SIG_IGN);
}

uid_t user_called(const std::string& name) {
  const passwd* found = name.empty() ? nullptr : ::getpwnam(name.c_str());
  return found == nullptr ? static_cast<uid_t>(-1) : found->pw_uid;
}

}  // namespace ratls::agent
