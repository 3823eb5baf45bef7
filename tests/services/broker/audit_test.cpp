// The audit log: no record is lost, and no change goes unseen.

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <set>

#include <ratls/core/crypto.h>
#include <ratls/services/broker/audit.h>

#include "../../support/files.h"

namespace ratls {

namespace {

using broker::AuditHead;
using broker::AuditLog;
using broker::check_audit;
using test::TemporaryFolder;

const FixedClock kClock{Timestamp{1'790'000'000}};

json::Object released(const std::string& what) {
  json::Object out;
  out.text("event", "secret.released").text("resource", what);
  return out;
}

// A log of `count` releases; its text.
std::string write_log(const std::string& path, int count) {
  auto log = AuditLog::open(path, kClock).value();
  for (int i = 0; i < count; ++i) {
    const json::Object event = released("kbs:///a/b/" + std::to_string(i));
    REQUIRE(log.append({&event, 1}));
  }
  return to_string(*test::read_file(path));
}

std::string error_of(const std::string& path, const std::string& text,
                     const std::optional<AuditHead>& known = std::nullopt) {
  test::write_file(path, as_bytes(text));
  const auto checked = check_audit(path, {}, known);
  if (checked) return "";
  CHECK(checked.error().reason() == Reason::audit_broken);
  return checked.error().detail();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    out.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

}  // namespace

TEST_CASE("an audit log that is opened again goes on where it ended") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  write_log(path, 2);
  write_log(path, 3);
  int seen = 0;
  const auto checked = check_audit(path, [&](const strict_json::JsonValue&) { ++seen; });
  REQUIRE(checked);
  CHECK(checked->head.seq == 6);
  CHECK(checked->releases == 5);
  CHECK(checked->torn.empty());
  CHECK(seen == 6);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE(
    "any changed byte of an audit log is found, but for the last line, which its head shows") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  const std::string text = write_log(path, 3);
  const AuditHead head = check_audit(path, {})->head;
  const std::size_t last = text.rfind("{\"seq\"");
  for (std::size_t i = 0; i < text.size(); ++i) {
    INFO(i);
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    test::write_file(path, as_bytes(changed));
    if (i < last) CHECK_FALSE(check_audit(path, {}));
    CHECK_FALSE((check_audit(path, {}, head) && check_audit(path, {}, head)->torn.empty()));
  }
}

TEST_CASE("lines removed, added, moved and written anew are each found at the first broken line") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  const std::string text = write_log(path, 4);
  const AuditHead head = check_audit(path, {})->head;
  const auto lines = lines_of(text);
  REQUIRE(lines.size() == 5);
  CHECK(error_of(path, joined({lines[0], lines[2]})).starts_with("line 2: seq is not 2"));
  CHECK(error_of(path, joined({lines[1], lines[2]})).starts_with("line 1: seq is not 1"));
  CHECK(error_of(path, joined({lines[0], lines[1], lines[1]})).starts_with("line 3: seq"));
  CHECK(error_of(path, joined({lines[0], lines[2], lines[1]})).starts_with("line 2: seq"));
  CHECK(error_of(path, "\n" + text).starts_with("line 1: not one JSON"));
  CHECK(error_of(path, text, head).empty());
  CHECK(error_of(path, joined({lines[0], lines[1]}), head).ends_with("its end was cut off"));
  const std::string other = folder.file("other.log");
  auto log = AuditLog::open(other, kClock).value();
  const json::Object event = released("another");
  for (int i = 0; i < 4; ++i) REQUIRE(log.append({&event, 1}));
  CHECK(check_audit(other, {}, head).error().reason() == Reason::audit_broken);
}

TEST_CASE("a last line that a crash tore at any byte is removed, and a record says so") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  const std::string text = write_log(path, 2);
  const std::size_t last = text.rfind("{\"seq\"");
  for (std::size_t size = last; size < text.size(); ++size) {
    INFO(size);
    test::write_file(path, as_bytes(text.substr(0, size)));
    const auto checked = check_audit(path, {});
    REQUIRE(checked);  // torn is not tampered with
    CHECK(checked->torn.size() == size - last);
    REQUIRE(AuditLog::open(path, kClock));
    const std::string after = to_string(*test::read_file(path));
    CHECK((after.find("audit.repaired") != std::string::npos) == (size > last));
    CHECK(check_audit(path, {})->torn.empty());
  }
}

TEST_CASE("a broken audit log, one that another broker writes, and a folder are not written to") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  const std::string text = write_log(path, 2);
  test::write_file(path, as_bytes("{}\n" + text));
  CHECK(AuditLog::open(path, kClock).error().reason() == Reason::audit_broken);
  CHECK(to_string(*test::read_file(path)) == "{}\n" + text);
  test::write_file(path, as_bytes(text));
  const auto first = AuditLog::open(path, kClock);
  REQUIRE(first);
  CHECK(AuditLog::open(path, kClock).error().detail().ends_with("writes to this audit log"));
  CHECK(AuditLog::open(folder.path(), kClock).error().reason() == Reason::io_error);
}

TEST_CASE("without a time no line is written") {
  const TemporaryFolder folder;
  const FixedClock none{std::nullopt};
  CHECK(AuditLog::open(folder.file("audit.log"), none).error().reason() == Reason::no_time);
}

TEST_CASE("kill -9 at random points loses no record that was acknowledged, and breaks no chain") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  std::set<std::string> acknowledged;
  for (int round = 0; round < 25; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Files of a few lines, so that many ends come between two of them.
      auto log = AuditLog::open(path, kClock, {}, round % 2 == 0 ? 2000 : 0);
      for (std::uint32_t i = 0; log; ++i) {
        const std::string name = std::to_string(round) + "-" + std::to_string(i);
        const std::array<json::Object, 2> events{released(name + "a"), released(name + "b")};
        if (!log->append(events)) ::_exit(1);
        const std::string line = name + "\n";
        if (::write(ends[1], line.data(), line.size()) < 0) ::_exit(1);
      }
      ::_exit(2);
    }
    ::close(ends[1]);
    std::array<std::uint8_t, 2> dice{};
    crypto::random(dice);
    ::usleep(2000 + (dice[0] * 256U + dice[1]) / 4);
    ::kill(child, SIGKILL);
    std::string said;
    std::array<char, 4096> chunk{};
    for (ssize_t got = 0; (got = ::read(ends[0], chunk.data(), chunk.size())) > 0;) {
      said.append(chunk.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    for (const std::string& line : lines_of(said)) {
      acknowledged.insert(line.substr(0, line.size() - 1) + "a");
      acknowledged.insert(line.substr(0, line.size() - 1) + "b");
    }
  }
  REQUIRE(AuditLog::open(path, kClock));
  CHECK(acknowledged.size() > 50);
  const auto checked = check_audit(path, [&](const strict_json::JsonValue& line) {
    for (const auto& member : line.members) {
      if (member.key == "resource") acknowledged.erase(member.value.text);
    }
  });
  REQUIRE(checked);
  CHECK(acknowledged.empty());
}

TEST_CASE("a full disk refuses a record whole, and the log goes on when there is room again") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const TemporaryFolder folder;
    const std::string at = folder.path();
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0) ::_exit(77);
    int end = 1;
    {
      test::write_file(at + "/ballast", as_bytes(std::string(40000, 'x')));
      auto log = AuditLog::open(at + "/audit.log", kClock).value();
      const json::Object event = released(std::string(3000, 'r'));
      int written = 0;
      while (log.append({&event, 1})) ++written;
      const bool full = check_audit(at + "/audit.log", {})->torn.empty();
      ::unlink((at + "/ballast").c_str());
      const bool again = log.append({&event, 1}).has_value();
      const auto after = check_audit(at + "/audit.log", {});
      end = written > 0 && full && again && after &&
                    after->head.seq == static_cast<std::uint64_t>(written) + 2
                ? 0
                : 1;
    }
    ::umount2(at.c_str(), MNT_DETACH);
    ::_exit(end);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("this user may not mount a small tmpfs");
  CHECK(status == 0);
}

}  // namespace ratls
