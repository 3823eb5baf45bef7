#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <ratls/services/agent/environment.h>

using namespace ratls;
using namespace ratls::agent;

namespace {

SecretVariable variable(const std::string& value, const std::string& name = "LLM_API_KEY") {
  return {name, SecretBytes::copy_of(as_bytes(value)).value()};
}

// What `command` prints when it is started by exec_with_secret() in a child process.
std::string output_of(const std::vector<std::string>& command, const std::string& value) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    static_cast<void>(exec_with_secret(command, variable(value)));
    ::_exit(99);
  }
  ::close(ends[1]);
  std::string out;
  std::array<char, 4096> chunk{};
  for (ssize_t got = 1; got > 0;) {
    got = ::read(ends[0], chunk.data(), chunk.size());
    if (got > 0) out.append(chunk.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  return out;
}

}  // namespace

TEST_CASE("the program gets the secret, three fixed variables, and nothing of ours") {
  ::setenv("LD_PRELOAD_OF_THE_HOST", "1", 1);
  ::setenv("RATLS_ANYTHING", "1", 1);
  const std::string got = output_of({"/usr/bin/env"}, "sk-1=2 3");
  CHECK(got == "PATH=/usr/local/bin:/usr/bin:/bin\nHOME=/\nLANG=C.UTF-8\nLLM_API_KEY=sk-1=2 3\n");
}

TEST_CASE("the secret is not on the program's command line") {
  const std::string got = output_of({"/bin/cat", "/proc/self/cmdline"}, "sk-canary");
  CHECK(got.find("canary") == std::string::npos);
  CHECK(got.find("/proc/self/cmdline") != std::string::npos);
}

TEST_CASE("a program that cannot be started is an error") {
  const auto missing = exec_with_secret({"/does/not/exist"}, variable("x"));
  CHECK(missing.reason() == Reason::io_error);
  const auto relative = exec_with_secret({"env"}, variable("x"));
  CHECK(relative.reason() == Reason::invalid_config);
  const auto nothing = exec_with_secret({}, variable("x"));
  CHECK(nothing.reason() == Reason::invalid_config);
}

TEST_CASE("a secret with a zero byte cannot go into a variable") {
  const auto error = exec_with_secret({"/usr/bin/env"}, variable(std::string("a\0b", 3)));
  CHECK(error.reason() == Reason::invalid_config);
}

TEST_CASE("a variable that a loader or a shell gives a meaning to is refused") {
  const auto* name = GENERATE("LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "LANG", "IFS", "ENV",
                              "BASH_ENV", "", "1A", "a", "A-B", "A=B", "A B");
  CAPTURE(name);
  CHECK_FALSE(check_variable_name(name));
  CHECK(exec_with_secret({"/usr/bin/env"}, variable("x", name)).reason() == Reason::invalid_config);
}

TEST_CASE("an ordinary variable is taken") {
  CHECK(check_variable_name("LLM_API_KEY"));
  CHECK(check_variable_name("_X1"));
}
