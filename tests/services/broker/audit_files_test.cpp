// An audit log over several files: one chain.

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

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

// Every line goes to a file of its own but for the first two.
void write_in_files(const std::string& path, int count) {
  auto log = AuditLog::open(path, kClock, {}, 1).value();
  for (int i = 0; i < count; ++i) {
    const json::Object event = released("kbs:///a/b/" + std::to_string(i));
    REQUIRE(log.append({&event, 1}));
  }
}

std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().string().ends_with(".lock")) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("an audit log goes on over several files, and its chain with it") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  write_in_files(path, 5);
  const auto files = files_of(folder.path());
  REQUIRE(files.size() == 6);
  int seen = 0;
  auto checked = check_audit(path, [&](const strict_json::JsonValue&) { ++seen; });
  REQUIRE(checked);
  CHECK(checked->releases == 5);
  CHECK(checked->files == 6);
  CHECK(checked->head.seq == static_cast<std::uint64_t>(seen));
  const AuditHead head = checked->head;
  write_log(path, 1);  // a broker that has no limit goes on in the last file
  checked = check_audit(path, {}, head);
  REQUIRE(checked);
  CHECK(checked->releases == 6);
  CHECK(files_of(folder.path()).size() == 6);
}

TEST_CASE("a file of an audit log that is missing, changed, cut or exchanged is found") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  write_in_files(path, 4);
  const auto files = files_of(folder.path());
  REQUIRE(files.size() == 5);
  for (std::size_t i = 1; i < files.size(); ++i) {  // the first is the newest
    INFO(files[i]);
    const Bytes content = *test::read_file(files[i]);
    REQUIRE(::unlink(files[i].c_str()) == 0);
    CHECK(check_audit(path, {}).error().reason() == Reason::audit_broken);
    test::write_file(files[i], ByteView(content).first(content.size() - 1));
    CHECK(check_audit(path, {}).error().reason() == Reason::audit_broken);
    Bytes changed = content;
    changed[changed.size() / 2] ^= 1;
    test::write_file(files[i], changed);
    CHECK(check_audit(path, {}).error().reason() == Reason::audit_broken);
    test::write_file(files[i], content);
    CHECK(check_audit(path, {}));
  }
}

TEST_CASE("a crash between two files of an audit log loses nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.log");
  write_log(path, 2);
  REQUIRE(::rename(path.c_str(), (path + ".000000000003").c_str()) == 0);
  CHECK(check_audit(path, {})->head.seq == 3);  // the new file is not there yet
  write_log(path, 1);
  const auto checked = check_audit(path, {});
  REQUIRE(checked);
  CHECK(checked->releases == 3);
  CHECK(to_string(*test::read_file(path)).find("audit.continued") != std::string::npos);
}

}  // namespace ratls
