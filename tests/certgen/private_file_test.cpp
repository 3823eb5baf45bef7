#include <ratls/certgen/detail/private_file.h>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/private_file.h>

#include "../support/files.h"

using namespace ratls;
using ratls::detail::read_private_file;

TEST_CASE("a private file comes back as it was written") {
  const test::TemporaryFolder folder;
  const Bytes written{1, 2, 3};
  REQUIRE(write_new_private_file(folder.file("a"), written).has_value());
  const auto read = read_private_file(folder.file("a"), 3);
  REQUIRE(read.has_value());
  CHECK(read->expose([&](ByteView bytes) { return equal_ct(bytes, written); }));
}

TEST_CASE("a file that others may read or write is not a private one") {
  const test::TemporaryFolder folder;
  REQUIRE(write_new_private_file(folder.file("a"), Bytes{1}).has_value());
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
  REQUIRE(write_new_private_file(folder.file("large"), Bytes(11, 7)).has_value());
  const auto large = read_private_file(folder.file("large"), 10);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().reason() == Reason::invalid_config);
  CHECK(large.error().detail().find(folder.file("large")) != std::string::npos);
}

TEST_CASE("a file without content is read as such") {
  const test::TemporaryFolder folder;
  REQUIRE(write_new_private_file(folder.file("empty"), {}).has_value());
  const auto read = read_private_file(folder.file("empty"), 10);
  REQUIRE(read.has_value());
  CHECK(read->size() == 0);
}
