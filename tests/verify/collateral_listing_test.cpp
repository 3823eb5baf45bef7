// What a listing says of a collateral store, and of what does not belong into one.

#include <csignal>
#include <filesystem>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/stored.h"

namespace ratls {

namespace {

namespace fs = std::filesystem;
using test::crl;
using test::said;
using test::Stored;
using test::vcek;

bool reported(const CollateralListing& listing, std::string_view file, std::string_view what) {
  for (const auto& problem : listing.problems) {
    if (problem.file.starts_with(file) && problem.what.find(what) != std::string::npos) return true;
  }
  return false;
}

// No file of this process may grow beyond so many bytes while it lives.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before); }
  rlimit before{};
};

}  // namespace

TEST_CASE("a listing is in one order, counts objects and bytes, and names what nothing leads to") {
  Stored in;
  CHECK(in.store.list().value().items.empty());  // no folder yet
  REQUIRE(said(in.store.put_certificate(vcek("b"))) == "stored");
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  REQUIRE(said(in.store.put_crl(snp::SigningKeyKind::vcek, crl(1))) == "stored");
  test::write_file(in.folder + "/objects/" + std::string(64, '0'), as_bytes("nobody's"));
  const auto listing = in.store.list().value();
  REQUIRE(listing.items.size() == 3);
  CHECK(listing.items.at(0).item.hardware_id < listing.items.at(1).item.hardware_id);
  CHECK(listing.objects == 4);
  CHECK(listing.unused == 1);
  CHECK(listing.bytes > 8);
  CHECK(listing.problems.empty());
}

TEST_CASE("a listing names a folder that is none, and lists the rest") {
  Stored in;
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  REQUIRE(said(in.store.put_crl(snp::SigningKeyKind::vcek, crl(1))) == "stored");
  const std::string lists = in.folder + "/crl";
  REQUIRE(fs::is_directory(lists));
  fs::remove_all(lists);
  test::write_file(lists, {});
  const auto listing = in.store.list().value();
  CHECK(listing.items.size() == 1);
  CHECK(reported(listing, "crl", "is not a folder"));
  fs::remove_all(in.folder + "/objects");
  test::write_file(in.folder + "/objects", {});
  CHECK(reported(in.store.list().value(), "objects", "is not a folder"));
}

TEST_CASE("a listing names an entry that stands under another name than its own") {
  Stored in;
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  REQUIRE(said(in.store.put_certificate(vcek("b"))) == "stored");
  std::vector<std::string> entries;
  for (const auto& file : fs::directory_iterator(in.folder + "/vcek")) {
    entries.push_back(file.path().string());
  }
  REQUIRE(entries.size() == 2);
  fs::copy_file(entries.at(0), entries.at(1), fs::copy_options::overwrite_existing);
  const auto listing = in.store.list().value();
  CHECK(listing.items.size() == 1);
  CHECK(reported(listing, "vcek/", "leads to something else than it is named after"));
}

TEST_CASE("a listing under other roots says of each thing that nobody there signed it") {
  Stored in;
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  REQUIRE(said(in.store.put_crl(snp::SigningKeyKind::vcek, crl(1))) == "stored");
  const CollateralStore stranger(in.folder, RootOfTrust::amd());
  const auto listing = stranger.list().value();
  CHECK(listing.items.empty());
  CHECK(listing.problems.size() == 2);
  CHECK(reported(listing, "vcek/", "simulated_not_allowed"));
}

TEST_CASE("a store that others can write to, or that is another user's, is warned of") {
  Stored in;
  CHECK(in.store.warnings().empty());  // no folder yet
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  CHECK(in.store.warnings().empty());
  REQUIRE(::chmod(in.folder.c_str(), 0770) == 0);
  REQUIRE(in.store.warnings().size() == 1);
  CHECK(in.store.warnings().front().find("chmod 700") != std::string::npos);
  if (::chown(in.folder.c_str(), 65534, 65534) != 0) SKIP("only root gives a folder away");
  REQUIRE(in.store.warnings().size() == 2);
  CHECK(in.store.warnings().back().find("belongs to another user") != std::string::npos);
}

TEST_CASE("a file that cannot be written to its end is an error, and leaves nothing behind") {
  Stored in;
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  const auto before = in.store.list().value();
  {
    const FileSizeLimit limit(100);
    CHECK(said(in.store.put_certificate(vcek("b"))) == "io_error");
  }
  const auto after = in.store.list().value();
  CHECK(after.items.size() == before.items.size());
  CHECK(after.objects == before.objects);
  CHECK(after.problems.empty());
  CHECK(said(in.store.put_certificate(vcek("b"))) == "stored");
}

TEST_CASE("a store below something that is no folder cannot be made, and that is said") {
  const test::TemporaryFolder temporary;
  const std::string file = temporary.file("file");
  test::write_file(file, {});
  CollateralStore store(file + "/store", test::simulated_roots());
  const auto put = store.put_certificate(vcek("a"));
  REQUIRE(!put);
  CHECK(put.error().reason() == Reason::io_error);
  CHECK(put.error().detail().find("Not a directory") != std::string::npos);
}

TEST_CASE("a lock that is a symbolic link is not followed") {
  Stored in;
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  const std::string outside = in.temporary.file("outside");
  test::write_file(outside, {});
  fs::remove(in.folder + "/lock");
  fs::create_symlink(outside, in.folder + "/lock");
  const auto put = in.store.put_certificate(vcek("b"));
  REQUIRE(!put);
  CHECK(put.error().detail().find("is a symbolic link") != std::string::npos);
}

}  // namespace ratls
