#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <signal.h>

#include <atomic>
#include <thread>

#include <ratls/kds/detail/fetch_command.h>

#include "../support/files.h"

using namespace ratls;
using namespace ratls::kds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

using Words = std::vector<std::string>;

const std::atomic<bool> kGoesOn{false};

Result<Bytes> run(const std::string& line, milliseconds limit = seconds(10),
                  std::size_t size = 1000) {
  RATLS_TRY(const Words words, split_command(line));
  return run_fetch_command(words, size, {after(limit), kGoesOn});
}

Reason refusal(const Result<Bytes>& got) {
  REQUIRE_FALSE(got);
  return got.error().reason();
}

}  // namespace

TEST_CASE("a command is split at blanks, and quotes keep them") {
  CHECK(split_command("curl -sSf").value() == Words{"curl", "-sSf"});
  CHECK(split_command("  a\t'b c' \"d e\" f\\ g ''  ").value() ==
        Words{"a", "b c", "d e", "f g", ""});
  CHECK(split_command("a'b'\"c\"d").value() == Words{"abcd"});
  CHECK(split_command(R"(a '\' "\"")").value() == Words{"a", "\\", "\""});
}

TEST_CASE("nothing of a command is expanded") {
  CHECK(split_command("a $HOME `b` *;c|d").value() == Words{"a", "$HOME", "`b`", "*;c|d"});
}

TEST_CASE("a command that is empty or has an open quote is refused") {
  const std::string line = GENERATE("", "  ", "''", "curl 'a", "curl \"a", "curl \\");
  CAPTURE(line);
  const auto words = split_command(line);
  REQUIRE_FALSE(words);
  CHECK(words.error().reason() == Reason::invalid_config);
}

TEST_CASE("the URL replaces its place holder, or goes last") {
  CHECK(with_url({"curl", "-s"}, "https://x/?a") == Words{"curl", "-s", "https://x/?a"});
  CHECK(with_url({"get", "--from={url}", "{url}"}, "U") == Words{"get", "--from=U", "U"});
  CHECK(with_url({"get", "{url}"}, "{url}") == Words{"get", "{url}"});
}

TEST_CASE("a command's output is taken, and its input is empty") {
  CHECK(to_string(run("printf 'a\\000b'").value()) == std::string("a\0b", 3));
  CHECK(run("cat").value().empty());
  CHECK(to_string(run("printf %s 'no; shell > here'").value()) == "no; shell > here");
}

TEST_CASE("a command that is not there or fails is refused, whatever it printed") {
  CHECK(refusal(run("/nowhere/ratls-no-such-program")) == Reason::fetch_command_failed);
  const auto failed = run("sh -c 'echo answer; exit 22'");
  CHECK(refusal(failed) == Reason::fetch_command_failed);
  CHECK(failed.error().detail().find("22") != std::string::npos);
  CHECK(refusal(run("sh -c 'kill -9 $$'")) == Reason::fetch_command_failed);
}

TEST_CASE("a command that prints without end is cut off") {
  const auto start = steady_clock::now();
  CHECK(refusal(run("yes")) == Reason::malformed_http);
  CHECK(steady_clock::now() - start < seconds(5));
  CHECK(run("head -c 1000 /dev/zero").value().size() == 1000);
  CHECK(refusal(run("head -c 1001 /dev/zero")) == Reason::malformed_http);
}

TEST_CASE("a command is killed at the deadline with all that it started") {
  const test::TemporaryFolder folder;
  const std::string file = folder.file("pid");
  const auto start = steady_clock::now();
  CHECK(refusal(run("sh -c 'sleep 60 & echo $! >" + file + "; wait'", milliseconds(400))) ==
        Reason::kds_timeout);
  CHECK(steady_clock::now() - start < seconds(5));
  const int pid = std::stoi(to_string(test::read_file(file).value()));
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    // A killed process whose parent is gone too may wait for its init for a moment, as a zombie.
    const auto stat = test::read_file("/proc/" + std::to_string(pid) + "/stat");
    gone = !stat || to_string(*stat).find(") Z ") != std::string::npos;
    if (!gone) std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(gone);
}

TEST_CASE("a command that closes its output and goes on is killed at the deadline too") {
  const auto start = steady_clock::now();
  CHECK(refusal(run("sh -c 'exec >&-; sleep 60'", milliseconds(400))) == Reason::kds_timeout);
  CHECK(steady_clock::now() - start < seconds(5));
}
