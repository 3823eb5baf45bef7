// The broker's store of secrets: what is kept opens where it belongs, and nowhere else.

#include <catch2/catch_test_macros.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include <sqlite3.h>

#include <ratls/services/broker/store.h>
#include <ratls/services/broker/store_key.h>

#include "../../support/files.h"

namespace ratls {

namespace {

using broker::SecretStore;
using test::TemporaryFolder;

constexpr Timestamp kNow{1'790'000'000};

broker::Resource resource(const std::string& tag) {
  return {"agents", "llm", tag};
}

SecretBytes secret(std::string_view text) {
  return SecretBytes::copy_of(as_bytes(text)).value();
}

struct Files {
  TemporaryFolder folder;
  std::string store = folder.file("secrets.db");
  std::string key = folder.file("store.key");

  Files() { REQUIRE(broker::create_store_key(key)); }
  [[nodiscard]] Result<SecretStore> open(bool create = true) const {
    return SecretStore::open(store, broker::read_store_key(key).value(), create);
  }
  // What somebody who can write to the file does.
  void tamper(const std::string& sql) const {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(store.c_str(), &database) == SQLITE_OK);
    char* said = nullptr;
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &said);
    INFO((said == nullptr ? "" : said));
    CHECK(code == SQLITE_OK);
    sqlite3_free(said);
    sqlite3_close(database);
  }
};

std::string value_of(SecretStore& store, const std::string& tag) {
  auto got = store.get(resource(tag));
  if (!got) return std::string(code(got.error().reason()));
  if (!*got) return "nothing";
  return (*got)->value.expose([](ByteView bytes) { return to_string(bytes); });
}

Reason reason_of_opening(const Files& files) {
  const auto store = files.open(false);
  REQUIRE_FALSE(store);
  return store.error().reason();
}

}  // namespace

TEST_CASE("what was put into a store is there after it was opened again, and in no file in clear") {
  const Files files;
  {
    auto store = files.open().value();
    CHECK(store.put(resource("a"), secret("canary-value-1"), kNow).value() == 1);
    CHECK(store.put(resource("b"), secret("canary-value-2"), kNow).value() == 2);
    CHECK(store.put(resource("a"), secret("canary-value-3"), kNow).value() == 3);
  }
  auto store = files.open(false).value();
  CHECK(value_of(store, "a") == "canary-value-3");
  CHECK(value_of(store, "b") == "canary-value-2");
  CHECK(value_of(store, "c") == "nothing");
  CHECK(test::run_command("grep -c canary " + files.folder.path() + "/*").status == 1);
  const auto listed = store.list().value();
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].resource == "kbs:///agents/llm/a");
  CHECK(listed[0].version == 3);
  CHECK(listed[0].size == 14);
  CHECK(listed[0].stored == kNow);
}

TEST_CASE("a removed secret is gone, and a version never comes again") {
  const Files files;
  auto store = files.open().value();
  REQUIRE(store.put(resource("a"), secret("one"), kNow));
  CHECK(store.remove(resource("a")).value());
  CHECK_FALSE(store.remove(resource("a")).value());
  CHECK(value_of(store, "a") == "nothing");
  CHECK(store.put(resource("a"), secret("two"), kNow).value() == 2);
}

TEST_CASE("a store does not open under another key") {
  const Files files;
  REQUIRE(files.open());
  REQUIRE(broker::create_store_key(files.folder.file("other.key")));
  const auto opened = SecretStore::open(
      files.store, broker::read_store_key(files.folder.file("other.key")).value(), true);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().reason() == Reason::store_key_mismatch);
}

TEST_CASE(
    "a row that was changed, swapped, renamed, aged or brought from elsewhere does not open") {
  const Files files;
  auto store = files.open().value();
  REQUIRE(store.put(resource("a"), secret("value of a"), kNow));
  REQUIRE(store.put(resource("b"), secret("value of b"), kNow));
  const char* const kDamage[] = {
      "UPDATE secret SET sealed = zeroblob(60) WHERE resource LIKE '%a'",
      "UPDATE secret SET sealed = x'00' WHERE resource LIKE '%a'",
      "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE resource LIKE '%b')",
      "UPDATE secret SET version = version + 90 WHERE resource LIKE '%a'",
      "UPDATE secret SET stored = stored + 1 WHERE resource LIKE '%a'",
      ("DELETE FROM secret WHERE resource LIKE '%a';"
       "UPDATE secret SET resource = 'kbs:///agents/llm/a'")};
  for (const std::string damage : kDamage) {
    INFO(damage);
    REQUIRE(store.put(resource("a"), secret("value of a"), kNow));
    REQUIRE(store.put(resource("b"), secret("value of b"), kNow));
    REQUIRE(value_of(store, "a") == "value of a");
    files.tamper(damage);
    CHECK(value_of(store, "a") == code(Reason::store_damaged));
    CHECK_FALSE(store.list());
  }
  // A row of another store under the same key.
  const std::string other = files.folder.file("other.db");
  {
    auto second = SecretStore::open(other, broker::read_store_key(files.key).value(), true).value();
    for (int i = 0; i < 20; ++i) REQUIRE(second.put(resource("a"), secret("foreign"), kNow));
  }
  files.tamper("DELETE FROM secret; ATTACH '" + other +
               "' AS other; INSERT INTO secret SELECT * FROM other.secret");
  CHECK(value_of(store, "a") == code(Reason::store_damaged));
}

TEST_CASE("another schema, another program's database and no database are told apart from damage") {
  const Files files;
  REQUIRE(files.open());
  files.tamper("PRAGMA user_version = 2");
  CHECK(reason_of_opening(files) == Reason::store_schema_unknown);
  files.tamper("PRAGMA user_version = 1; DELETE FROM store");
  CHECK(reason_of_opening(files) == Reason::store_damaged);
  files.tamper("PRAGMA application_id = 0");
  CHECK(reason_of_opening(files) == Reason::store_schema_unknown);
  test::write_file(files.store, as_bytes(std::string(4096, 'x')));
  CHECK(reason_of_opening(files) == Reason::store_schema_unknown);
  CHECK(::unlink(files.store.c_str()) == 0);
  CHECK(reason_of_opening(files) == Reason::io_error);
}

TEST_CASE("a store and a key that others may read are refused, and a key is never overwritten") {
  const Files files;
  REQUIRE(files.open());
  CHECK(::chmod(files.store.c_str(), 0640) == 0);
  CHECK(reason_of_opening(files) == Reason::invalid_config);
  CHECK(::chmod(files.key.c_str(), 0604) == 0);
  CHECK(broker::read_store_key(files.key).error().reason() == Reason::invalid_config);
  CHECK(broker::create_store_key(files.key).error().reason() == Reason::invalid_config);
  CHECK(broker::read_store_key(files.folder.path()).error().reason() == Reason::invalid_config);
  CHECK(broker::read_store_key(files.folder.file("none")).error().reason() == Reason::io_error);
  CHECK(::chmod(files.key.c_str(), 0600) == 0);
  for (const std::string wrong : {"", "00", "zz"}) {
    const std::string text = wrong + std::string(wrong == "zz" ? 62 : 0, '0');
    test::write_file(files.key, as_bytes(text));
    CHECK(::chmod(files.key.c_str(), 0600) == 0);
    CHECK(broker::read_store_key(files.key).error().reason() == Reason::invalid_config);
  }
}

TEST_CASE("a systemd credential is a key, and where none was passed the unit is named") {
  const Files files;
  CHECK(broker::read_store_key("systemd-credential:store.key").error().reason() ==
        Reason::invalid_config);
  REQUIRE(::setenv("CREDENTIALS_DIRECTORY", files.folder.path().c_str(), 1) == 0);
  CHECK(broker::read_store_key("systemd-credential:store.key"));
  CHECK(broker::read_store_key("systemd-credential:../x").error().reason() ==
        Reason::invalid_config);
  REQUIRE(::unsetenv("CREDENTIALS_DIRECTORY") == 0);
}

TEST_CASE("an empty value and one of more than 64 KiB are refused") {
  const Files files;
  auto store = files.open().value();
  CHECK(store.put(resource("a"), SecretBytes(), kNow).error().reason() == Reason::invalid_config);
  const auto large = secret(std::string(broker::kMaxValue + 1, 'x'));
  CHECK(store.put(resource("a"), large, kNow).error().reason() == Reason::invalid_config);
  CHECK(store.put(resource("a"), secret(std::string(broker::kMaxValue, 'x')), kNow));
}

TEST_CASE("two writers wait for each other, and one that waits too long is told so") {
  const Files files;
  auto store = files.open().value();
  const auto write = [&](const std::string& tag) {
    auto own = files.open().value();
    for (int i = 0; i < 20; ++i) REQUIRE(own.put(resource(tag), secret("x"), kNow));
  };
  std::thread one(write, "one");
  std::thread two(write, "two");
  one.join();
  two.join();
  CHECK(store.put(resource("a"), secret("x"), kNow).value() == 41);

  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(files.store.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(store.put(resource("a"), secret("y"), kNow).error().reason() == Reason::store_busy);
  CHECK(value_of(store, "a") == "x");  // readers never wait
  sqlite3_close(database);
}

TEST_CASE("a full disk refuses a value, says so, and keeps what was there") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const TemporaryFolder folder;
    const std::string at = folder.path();
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=192k,mode=0700") != 0) ::_exit(77);
    int end = 1;
    {
      const std::string key = at + "/key";
      bool good = broker::create_store_key(key).has_value();
      auto store = SecretStore::open(at + "/db", broker::read_store_key(key).value(), true).value();
      good = good && store.put(resource("a"), secret("kept"), kNow).has_value();
      Result<std::uint64_t> put = 0;
      for (int i = 0; i < 16 && put; ++i) {
        put = store.put(resource("b" + std::to_string(i)), secret(std::string(40000, 'x')), kNow);
      }
      const bool full = !put && put.error().reason() == Reason::io_error &&
                        put.error().detail().find("full") != std::string::npos;
      end = good && full && value_of(store, "a") == "kept" ? 0 : 1;
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
