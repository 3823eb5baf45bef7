#include <ratls/certgen/detail/private_file.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include "../support/files.h"

using namespace ratls;
using ratls::detail::read_private_file;
using ratls::detail::write_new_file;

namespace {

std::size_t entries(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

Bytes content(const SecretBytes& secret) {
  return secret.expose([](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); });
}

}  // namespace

TEST_CASE("a private file comes back as it was written, and nobody else may read it") {
  const test::TemporaryFolder folder;
  const Bytes written{1, 2, 3};
  REQUIRE(write_new_file(folder.file("a"), written).has_value());
  struct stat status {};
  REQUIRE(::stat(folder.file("a").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  const auto read = read_private_file(folder.file("a"), 3);
  REQUIRE(read.has_value());
  CHECK(content(*read) == written);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a private file is never overwritten") {
  const test::TemporaryFolder folder;
  REQUIRE(write_new_file(folder.file("a"), Bytes{1}).has_value());
  const auto again = write_new_file(folder.file("a"), Bytes{2});
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().reason() == Reason::invalid_config);
  CHECK(test::read_file(folder.file("a")) == Bytes{1});
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a private file in a folder that does not exist leaves nothing behind") {
  const test::TemporaryFolder folder;
  const auto written = write_new_file(folder.file("none/a"), Bytes{1});
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().reason() == Reason::io_error);
  CHECK(entries(folder.path()) == 0);
}

TEST_CASE("a file that others may read or write is not a private one") {
  const test::TemporaryFolder folder;
  REQUIRE(write_new_file(folder.file("a"), Bytes{1}).has_value());
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0644U}) {
    REQUIRE(::chmod(folder.file("a").c_str(), mode) == 0);
    const auto read = read_private_file(folder.file("a"), 10);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().reason() == Reason::invalid_config);
    CHECK(read.error().detail().find("chmod 600") != std::string::npos);
  }
}

TEST_CASE("a missing file, a folder, a pipe and a large file are errors that name the path") {
  const test::TemporaryFolder folder;
  CHECK(read_private_file(folder.file("none"), 10).error().reason() == Reason::io_error);
  CHECK(read_private_file(folder.path(), 10).error().reason() == Reason::invalid_config);
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK(read_private_file(folder.file("pipe"), 10).error().reason() == Reason::invalid_config);
  REQUIRE(write_new_file(folder.file("large"), Bytes(11, 7)).has_value());
  const auto large = read_private_file(folder.file("large"), 10);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().reason() == Reason::invalid_config);
  CHECK(large.error().detail().find(folder.file("large")) != std::string::npos);
}

TEST_CASE("a file without content is read as such") {
  const test::TemporaryFolder folder;
  REQUIRE(write_new_file(folder.file("empty"), {}).has_value());
  const auto read = read_private_file(folder.file("empty"), 10);
  REQUIRE(read.has_value());
  CHECK(read->size() == 0);
}
