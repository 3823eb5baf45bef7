// The collateral store after damage, and among things that are no files.

#include <sys/stat.h>

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/stored.h"

namespace ratls {

namespace {

namespace fs = std::filesystem;
using test::said;
using test::Stored;
using test::vcek;
using test::vcek_query;

Bytes with_flipped(Bytes bytes, std::size_t at) {
  bytes.at(at) = static_cast<std::uint8_t>(bytes.at(at) ^ 0x20U);
  return bytes;
}

}  // namespace

TEST_CASE("an object with any byte changed is noticed, reported, passed over and replaced") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const std::string object = in.only_file("objects");
  for (std::size_t at = 0; at < der.size(); ++at) {
    test::write_file(object, with_flipped(der, at));
    std::size_t reports = 0;
    CollateralStoreOptions options;
    options.on_problem = [&](const CollateralProblem& problem) {
      if (problem.file.starts_with("objects/")) ++reports;
    };
    CollateralStore fresh(in.folder, test::simulated_roots(), options);
    if (fresh.endorsement(vcek_query("a")) || reports == 0) FAIL("byte " << at);
  }
  const auto listing = in.store.list().value();
  CHECK(listing.items.empty());
  REQUIRE(listing.problems.size() == 1);
  CHECK(listing.problems.front().what.find("damaged") != std::string::npos);
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK(in.store.endorsement(vcek_query("a")) == der);
  CHECK(in.store.list().value().problems.empty());
}

TEST_CASE("a truncated, longer or enormous object is no object") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const std::string object = in.only_file("objects");
  const auto absent = [&] {
    CollateralStore fresh(in.folder, test::simulated_roots());
    return !fresh.endorsement(vcek_query("a"));
  };
  for (std::size_t size = 0; size < der.size(); size += 61) {
    fs::resize_file(object, size);
    if (!absent()) FAIL("size " << size);
    test::write_file(object, der);
  }
  fs::resize_file(object, der.size() + 1);
  CHECK(absent());
  fs::resize_file(object, 1ULL << 40U);
  CHECK(absent());
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK_FALSE(absent());
}

TEST_CASE("an entry with any byte changed never leads to another certificate") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const std::string entry = in.only_file("vcek");
  const Bytes text = *test::read_file(entry);
  for (std::size_t at = 0; at < text.size(); ++at) {
    test::write_file(entry, with_flipped(text, at));
    in.problems.clear();
    if (in.store.endorsement(vcek_query("a")) || in.problems.empty()) FAIL("byte " << at);
  }
  for (const std::size_t size : {0U, 1U, 63U, 64U}) {
    test::write_file(entry, ByteView(text).first(size));
    CHECK_FALSE(in.store.endorsement(vcek_query("a")));
  }
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK(in.store.endorsement(vcek_query("a")) == der);
}

TEST_CASE("an entry that leads to another chip's certificate is not followed") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const std::string entry = in.only_file("vcek");
  REQUIRE(said(in.store.put_certificate(vcek("b"))) == "stored");
  for (const auto& file : fs::directory_iterator(in.folder + "/vcek")) {
    if (file.path() != entry) fs::copy_file(file, entry, fs::copy_options::overwrite_existing);
  }
  CHECK_FALSE(in.store.endorsement(vcek_query("a")));
  REQUIRE(in.problems.size() == 1);
  CHECK(in.problems.front().what == "leads to something else than it is named after");
  CHECK(in.store.list().value().problems.size() == 1);
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK(in.store.endorsement(vcek_query("a")) == der);
}

TEST_CASE("an entry whose object is missing is reported, and put again it works") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  fs::remove(in.only_file("objects"));
  CollateralStore fresh(in.folder, test::simulated_roots());
  CHECK_FALSE(fresh.endorsement(vcek_query("a")));
  REQUIRE(fresh.list().value().problems.size() == 1);
  CHECK(fresh.list().value().problems.front().what == "is missing");
  CHECK(said(fresh.put_certificate(der)) == "stored");
  CHECK(fresh.endorsement(vcek_query("a")) == der);
}

TEST_CASE("symbolic links, folders and pipes in place of files are not followed") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const std::string object = in.only_file("objects");
  const std::string outside = in.temporary.file("outside");
  const auto absent = [&] {
    CollateralStore fresh(in.folder, test::simulated_roots());
    return !fresh.endorsement(vcek_query("a"));
  };
  test::write_file(outside, der);
  fs::remove(object);
  fs::create_symlink(outside, object);
  CHECK(absent());
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK_FALSE(fs::is_symlink(object));
  CHECK_FALSE(absent());
  fs::remove(object);
  REQUIRE(::mkfifo(object.c_str(), 0600) == 0);
  CHECK(absent());
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK_FALSE(absent());
  fs::remove(object);
  fs::create_directory(object);
  CHECK(absent());
  CHECK(said(in.store.put_certificate(der)) == "io_error");
}

TEST_CASE("a subfolder that is a symbolic link is neither read nor written through") {
  Stored in;
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  const std::string elsewhere = in.temporary.file("elsewhere");
  fs::rename(in.folder + "/objects", elsewhere);
  fs::create_directory_symlink(elsewhere, in.folder + "/objects");
  CollateralStore fresh(in.folder, test::simulated_roots());
  CHECK_FALSE(fresh.endorsement(vcek_query("a")));
  CHECK(said(fresh.put_certificate(vcek("b"))) == "io_error");
  CHECK(std::distance(fs::directory_iterator(elsewhere), fs::directory_iterator()) == 1);
}

TEST_CASE("a lock, or a store, that is no file or folder is an error and not a hang") {
  Stored in;
  fs::create_directory(in.folder);
  REQUIRE(::mkfifo((in.folder + "/lock").c_str(), 0600) == 0);
  const auto put = in.store.put_certificate(vcek("a"));
  CHECK((said(put) == "stored" || said(put) == "io_error"));
  const std::string file = in.temporary.file("file");
  test::write_file(file, {});
  CollateralStore wrong(file, test::simulated_roots());
  CHECK(said(wrong.put_certificate(vcek("a"))) == "io_error");
  CHECK_FALSE(wrong.endorsement(vcek_query("a")));
  CHECK(wrong.list().error().reason() == Reason::io_error);
}

TEST_CASE("a listing names the folder that is none, and goes on with the others") {
  Stored in;
  CHECK(in.store.warnings().empty());
  CHECK(in.store.list().value().items.empty());
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(in.folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name != "tmp") folders.push_back(name);
  }
  REQUIRE(folders.size() >= 2);
  for (const std::string& name : folders) {
    INFO(name);
    const std::string aside = in.temporary.file("aside");
    fs::rename(in.folder + "/" + name, aside);
    test::write_file(in.folder + "/" + name, {});
    const auto listing = CollateralStore(in.folder, test::simulated_roots()).list().value();
    bool named = false;
    for (const auto& problem : listing.problems) {
      named = named || (problem.file == name && problem.what == name + ": is not a folder");
    }
    CHECK(named);
    fs::remove(in.folder + "/" + name);
    fs::rename(aside, in.folder + "/" + name);
  }
  CHECK(in.store.list().value().problems.empty());
}

}  // namespace ratls
