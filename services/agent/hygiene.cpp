#include <ratls/services/agent/hygiene.h>

#include <csignal>

#include <pwd.h>

#include <ratls/core/process_memory.h>

namespace ratls::agent {

void close_the_house() {
  guard_process_memory();
  std::signal(SIGPIPE, SIG_IGN);
}

uid_t user_called(const std::string& name) {
  const passwd* found = name.empty() ? nullptr : ::getpwnam(name.c_str());
  return found == nullptr ? static_cast<uid_t>(-1) : found->pw_uid;
}

}  // namespace ratls::agent
