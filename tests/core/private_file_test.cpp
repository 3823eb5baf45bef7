// Files that hold keys: whole or not there, and nobody else's. A kill at each step of what writes
// them is tests/e2e/key_files.py.
#include <ratls/core/private_file.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "../support/files.h"

using namespace ratls;

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

Names names_in(const std::string& folder) {
  Names out;
  for (const auto& entry : fs::directory_iterator(folder)) out.insert(entry.path().filename());
  return out;
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 07777U;
}

const std::string kDraft = "a.0123456789abcdef.tmp";

}  // namespace

TEST_CASE("a new private file is whole, alone in its folder, and its owner's") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("a");
  for (const std::size_t size : {0U, 3U, 100'000U}) {
    fs::remove(path);
    const Bytes content(size, 7);
    REQUIRE(write_new_private_file(path, content));
    CHECK(test::read_file(path) == content);
    CHECK(mode_of(path) == 0600U);
    CHECK(names_in(folder.path()) == Names{"a"});
  }
}

TEST_CASE("a private file is never overwritten, be it a file, a folder or a link to nothing") {
  const test::TemporaryFolder folder;
  REQUIRE(write_new_private_file(folder.file("a"), Bytes{1}));
  fs::create_directory(folder.file("b"));
  fs::create_symlink("nothing", folder.file("c"));
  for (const char* name : {"a", "b", "c"}) {
    CAPTURE(name);
    const auto again = write_new_private_file(folder.file(name), Bytes{2});
    REQUIRE_FALSE(again);
    CHECK(again.error().reason() == Reason::invalid_config);
    CHECK(again.error().detail().find(folder.file(name)) != std::string::npos);
  }
  CHECK(test::read_file(folder.file("a")) == Bytes{1});
  CHECK(names_in(folder.path()) == Names{"a", "b", "c"});
}

TEST_CASE("a private file that may be replaced is, and a link to another one is not followed") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("a");
  REQUIRE(replace_private_file(path, Bytes{1}));
  CHECK(mode_of(path) == 0600U);
  fs::permissions(path, fs::perms(0644));
  REQUIRE(replace_private_file(path, Bytes{2}));
  CHECK(mode_of(path) == 0600U);
  CHECK(test::read_file(path) == Bytes{2});
  test::write_file(folder.file("other"), Bytes{9});
  fs::remove(path);
  fs::create_symlink("other", path);
  REQUIRE(replace_private_file(path, Bytes{3}));
  CHECK(test::read_file(folder.file("other")) == Bytes{9});
  CHECK(names_in(folder.path()) == Names{"a", "other"});
}

TEST_CASE("a private file that cannot be written is an error with its path, and leaves nothing") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.file("b"));
  for (const char* name : {"none/a", "b"}) {
    CAPTURE(name);
    const auto replaced = replace_private_file(folder.file(name), Bytes{1});
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().reason() == Reason::io_error);
    CHECK(replaced.error().detail().find(folder.file(name)) != std::string::npos);
  }
  const auto made = write_new_private_file(folder.file("none/a"), Bytes{1});
  REQUIRE_FALSE(made);
  CHECK(made.error().reason() == Reason::io_error);
  CHECK(names_in(folder.path()) == Names{"b"});
}

TEST_CASE("what a killed process left is removed, and nothing that is called otherwise") {
  const test::TemporaryFolder folder;
  const Names others{"a.0123456789abcde.tmp", "a.0123456789abcdef0.tmp", "a.0123456789ABCDEF.tmp",
                     "a.0123456789abcdef",    "b.0123456789abcdef.tmp",  "a.4711.tmp"};
  for (const std::string& name : others) test::write_file(folder.file(name), Bytes{1});
  test::write_file(folder.file(kDraft), Bytes{1});
  fs::create_directory(folder.file("a.00000000000000aa.tmp"));
  fs::create_symlink("b", folder.file("a.00000000000000bb.tmp"));
  REQUIRE(write_new_private_file(folder.file("a"), Bytes{2}));
  Names want = others;
  want.insert({"a", "a.00000000000000aa.tmp", "a.00000000000000bb.tmp"});
  CHECK(names_in(folder.path()) == want);
  test::write_file(folder.file(kDraft), Bytes{1});
  REQUIRE(replace_private_file(folder.file("a"), Bytes{3}));
  CHECK(names_in(folder.path()) == want);
}

TEST_CASE("a second name of a key that was placed before the kill goes, and the key stays") {
  const test::TemporaryFolder folder;
  test::write_file(folder.file("a"), Bytes{1});
  fs::create_hard_link(folder.file("a"), folder.file(kDraft));
  CHECK_FALSE(write_new_private_file(folder.file("a"), Bytes{2}));
  CHECK(names_in(folder.path()) == Names{"a"});
  CHECK(test::read_file(folder.file("a")) == Bytes{1});
}

TEST_CASE("what a living process writes is not taken from it") {
  const test::TemporaryFolder folder;
  test::write_file(folder.file(kDraft), Bytes{1});
  const int writer = ::open(folder.file(kDraft).c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(::flock(writer, LOCK_EX) == 0);
  REQUIRE(write_new_private_file(folder.file("a"), Bytes{2}));
  CHECK(names_in(folder.path()) == Names{"a", kDraft});
  ::close(writer);
}

TEST_CASE("many that write one new file at once leave one of them whole and nothing else") {
  const test::TemporaryFolder folder;
  for (int round = 0; round < 10; ++round) {
    const std::string path = folder.file("a" + std::to_string(round));
    std::atomic<int> written{0};
    std::vector<std::thread> writers;
    for (std::uint8_t i = 0; i < 8; ++i) {
      writers.emplace_back([&, i] {
        if (write_new_private_file(path, Bytes(5000, i))) ++written;
      });
    }
    for (std::thread& writer : writers) writer.join();
    CHECK(written == 1);
    const auto content = test::read_file(path);
    REQUIRE(content);
    CHECK(*content == Bytes(5000, content->front()));
  }
  CHECK(names_in(folder.path()).size() == 10);
}
