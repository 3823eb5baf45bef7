// Policies from files: signed, never older than before, and replaced while a verifier runs.

#include <atomic>
#include <thread>

#include <ratls/verify/files.h>
#include <ratls/verify/policy_file.h>

#include "tests/support/files.h"
#include "tests/verify/policy_sample.h"

namespace ratls {

using nlohmann::json;
using test::has;

namespace {

json version(std::uint64_t number, const std::string& name = "prod") {
  json out = test::policy();
  out["version"] = number;
  out["name"] = name;
  return out;
}

class Place {
 public:
  Place() : key_(MinisignSecretKey::generate().value()) {
    file_.path = folder_.file("policy.json");
    file_.state = folder_.file("state.json");
    file_.key = key_.public_key();
  }
  void put(const json& policy) const {
    const std::string text = policy.dump();
    test::write_file(file_.path, as_bytes(text));
    test::write_file(file_.path + ".minisig", as_bytes(key_.sign(as_bytes(text), "t").value()));
  }
  [[nodiscard]] std::string load() const { return reason(load_policy(file_)); }
  template <class T>
  static std::string reason(const Result<T>& result) {
    return result ? "accepted" : std::string(code(result.error().reason()));
  }
  PolicyFile& file() { return file_; }
  [[nodiscard]] const PolicyFile& file() const { return file_; }

 private:
  test::TemporaryFolder folder_;
  MinisignSecretKey key_;
  PolicyFile file_;
};

}  // namespace

TEST_CASE("a signed policy is loaded, an unsigned or a changed one is not") {
  Place place;
  place.put(version(1));
  CHECK(place.load() == "accepted");
  test::write_file(place.file().path, as_bytes(version(2).dump()));
  CHECK(place.load() == "policy_signature_invalid");
  place.file().signature = place.file().path + ".other";
  CHECK(place.load() == "io_error");
  place.file().key.reset();
  CHECK(place.load() == "accepted");
  place.file().path += ".none";
  CHECK(place.load() == "io_error");
}

TEST_CASE("an older version is never taken back, nor the same version with other content") {
  const Place place;
  place.put(version(5));
  CHECK(place.load() == "accepted");
  CHECK(place.load() == "accepted");
  place.put(version(4));
  const auto older = load_policy(place.file());
  CHECK(older.error().reason() == Reason::policy_rollback);
  CHECK(has(older.error().detail(), "prod version 4; version 5 was accepted before"));
  json changed = version(5);
  changed["accept"][0]["vmpl"] = {0, 1};
  place.put(changed);
  CHECK(has(load_policy(place.file()).error().detail(), "with other content"));
  place.put(version(6));
  CHECK(place.load() == "accepted");
  place.put(version(1, "another"));
  CHECK(place.load() == "accepted");
  place.put(version(5));
  CHECK(place.load() == "policy_rollback");
}

TEST_CASE("nothing is remembered of a policy that is refused") {
  const Place place;
  place.put(version(5));
  CHECK(place.load() == "accepted");
  const auto before = test::read_file(place.file().state);
  json broken = version(9);
  broken.erase("accept");
  place.put(broken);
  CHECK(place.load() == "invalid_policy");
  test::write_file(place.file().path, as_bytes(version(9).dump()));
  CHECK(place.load() == "policy_signature_invalid");
  CHECK(test::read_file(place.file().state) == before);
}

TEST_CASE("a damaged state file refuses every policy and is left as it is") {
  const Place place;
  place.put(version(5));
  for (const char* bad : {"", "{", "[]", R"({"schema":"x","policies":[]})",
                          R"({"schema":"ratls.policy-state/1","policies":[{"name":"prod"}]})"}) {
    test::write_file(place.file().state, as_bytes(bad));
    INFO(bad);
    const auto loaded = load_policy(place.file());
    CHECK(loaded.error().reason() == Reason::invalid_config);
    CHECK(has(loaded.error().detail(), "restore it"));
    CHECK(to_string(*test::read_file(place.file().state)) == bad);
  }
}

TEST_CASE("of many that remember versions at once, none takes the state back") {
  const Place place;
  const auto policy_of = [](std::uint64_t number) {
    return parse_policy(as_bytes(version(number).dump())).value();
  };
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 1; i <= 20; ++i) {
        static_cast<void>(remember_version(place.file().state, policy_of(4 * i + thread)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(Place::reason(remember_version(place.file().state, policy_of(82))) == "policy_rollback");
  CHECK(Place::reason(remember_version(place.file().state, policy_of(83))) == "accepted");
}

TEST_CASE("a running verifier takes a new policy, and keeps the old one where it is refused") {
  const Place place;
  place.put(version(5));
  const FixedClock clock(Timestamp{1'795'392'000});
  const Verifier running(load_policy(place.file()).value(), clock);
  PolicyReloader reloader(place.file(), running);
  CHECK(reloader.reload().value() == PolicyReloader::Outcome::unchanged);
  place.put(version(6));
  CHECK(reloader.reload().value() == PolicyReloader::Outcome::replaced);
  CHECK(running.policy().version() == 6);
  place.put(version(5));
  CHECK(Place::reason(reloader.reload()) == "policy_rollback");
  test::write_file(place.file().path, as_bytes("{"));
  CHECK(Place::reason(reloader.reload()) == "policy_signature_invalid");
  CHECK(running.policy().version() == 6);
}

TEST_CASE("while policies are replaced every reader sees one of them, whole") {
  const FixedClock clock(Timestamp{1'795'392'000});
  const auto policy_of = [](std::uint64_t number) {
    return parse_policy(as_bytes(version(number, "v" + std::to_string(number)).dump())).value();
  };
  Verifier running(policy_of(1), clock);
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    const Verifier mine = running;
    while (!stop) {
      const Policy seen = mine.policy();
      if (seen.name() != "v" + std::to_string(seen.version())) ++torn;
    }
  });
  for (std::uint64_t i = 2; i <= 200; ++i) running.replace_policy(policy_of(i));
  stop = true;
  reader.join();
  CHECK(torn == 0);
  CHECK(running.policy().version() == 200);
}

TEST_CASE("a file that cannot be replaced leaves the old one and nothing beside it") {
  const test::TemporaryFolder folder;
  CHECK(replace_file(folder.file("a"), as_bytes("one")));
  CHECK(replace_file(folder.file("a"), as_bytes("two")));
  CHECK(to_string(*test::read_file(folder.file("a"))) == "two");
  const auto nowhere = replace_file(folder.file("none/a"), as_bytes("x"));
  CHECK(nowhere.error().reason() == Reason::io_error);
  CHECK(read_file(folder.file("a"), 2, Reason::invalid_policy).error().reason() ==
        Reason::invalid_policy);
}

}  // namespace ratls
