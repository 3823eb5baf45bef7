#include "check.h"

#include <csignal>
#include <cstdlib>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/files.h"

namespace ratls::test {

Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != '\n') digits.push_back(c);
  }
  const auto bytes = from_hex(digits);
  if (!bytes) std::abort();
  return *bytes;
}

int signal_of(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) {
    // The sanitizers' and Catch2's handlers would turn the signal into an exit status.
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(number, SIG_DFL);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    body();
    _exit(0);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) std::abort();
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool have_program(std::string_view name) {
  return run_command("command -v " + std::string(name)).status == 0;
}

Bytes counting(std::size_t count, std::uint8_t first) {
  Bytes out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(first + i));
  return out;
}

Bytes with_bit_flipped(ByteView bytes, std::size_t bit) {
  Bytes out(bytes.begin(), bytes.end());
  out[bit / 8] = static_cast<std::uint8_t>(out[bit / 8] ^ (1U << (bit % 8)));
  return out;
}

}  // namespace ratls::test
