// ratls policy keygen, sign and verify, alone and together with minisign.

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/policy_sample.h"

namespace ratls {

namespace {

using test::has;
using test::run_command;
using test::tool;

class Signed {
 public:
  Signed() {
    put(1);
    CHECK(tool("policy keygen --out " + path("k")).status == 0);
    CHECK(tool("policy sign " + path("p.json") + " --key " + path("k")).status == 0);
  }
  void put(int version) const {
    auto policy = test::policy();
    policy["version"] = version;
    test::write_file(path("p.json"), as_bytes(policy.dump(2)));
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] test::CommandResult verify(const std::string& more = {}) const {
    return tool("policy verify " + path("p.json") + " --pubkey " + path("k.pub") + " " + more);
  }

 private:
  test::TemporaryFolder folder_;
};

bool minisign_is_here() {
  return run_command("minisign -v").status == 0;
}

}  // namespace

TEST_CASE("what policy sign signs policy verify accepts, and nothing that was changed since") {
  const Signed files;
  const auto good = files.verify();
  CHECK(good.status == 0);
  CHECK(has(good.output, "GOOD signature by key"));
  CHECK(has(good.output, "policy:prod version:1"));
  files.put(2);
  const auto changed = files.verify();
  CHECK(changed.status == 78);
  CHECK(has(changed.output, "policy_signature_invalid"));
  CHECK(files.verify("--sig " + files.path("none")).status == 66);
}

TEST_CASE("--state refuses an older version") {
  const Signed files;
  const std::string sign = "policy sign " + files.path("p.json") + " --key " + files.path("k");
  const std::string state = "--state " + files.path("state");
  files.put(3);
  CHECK(tool(sign).status == 0);
  CHECK(files.verify(state).status == 0);
  files.put(2);
  CHECK(tool(sign).status == 0);
  const auto older = files.verify(state);
  CHECK(older.status == 78);
  CHECK(has(older.output, "policy_rollback: prod version 2; version 3 was accepted before"));
}

TEST_CASE("--policy-key judges by a policy that this key signed, and by no other") {
  const Signed files;
  test::write_file(files.path("r.bin"), Bytes(1184, 0));
  for (const std::string& verb : {std::string("verify report "), std::string("verify cert ")}) {
    INFO(verb);
    const std::string judge = verb + files.path("r.bin") + " --policy " + files.path("p.json") +
                              " --policy-key " + files.path("k.pub");
    const auto good = tool(judge);
    CHECK_FALSE(has(good.output, "policy_signature_invalid"));
    CHECK(good.status == 65);  // the file is judged, and is nothing
    files.put(2);
    const auto changed = tool(judge);
    CHECK(changed.status == 78);
    CHECK(has(changed.output, "policy_signature_invalid"));
    CHECK(std::count(changed.output.begin(), changed.output.end(), '\n') == 1);
    CHECK(tool(verb + files.path("r.bin") + " --policy - --policy-key " + files.path("k.pub") +
               " < " + files.path("p.json"))
              .status == 64);
    CHECK(tool(judge + ".none").status == 66);
    files.put(1);
    REQUIRE(std::remove(files.path("p.json.minisig").c_str()) == 0);
    CHECK(tool(judge).status == 66);
    CHECK(tool("policy sign " + files.path("p.json") + " --key " + files.path("k")).status == 0);
  }
  CHECK(tool("verify report " + files.path("r.bin") + " --authenticity-only --policy-key " +
             files.path("k.pub"))
            .status == 64);
}

TEST_CASE("a secret key is private, never overwritten, and not used where others can read it") {
  const Signed files;
  struct stat status {};
  REQUIRE(::stat(files.path("k").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  CHECK(tool("policy keygen --out " + files.path("k")).status == 64);
  REQUIRE(::chmod(files.path("k").c_str(), 0644) == 0);
  const auto open = tool("policy sign " + files.path("p.json") + " --key " + files.path("k"));
  CHECK(open.status == 78);
  CHECK(has(open.output, "chmod 600"));
}

TEST_CASE("what is no policy is not signed") {
  const Signed files;
  test::write_file(files.path("p.json"), as_bytes("{}"));
  CHECK(tool("policy sign " + files.path("p.json") + " --key " + files.path("k")).status == 78);
}

TEST_CASE("minisign accepts our signatures, and we its, in both of its forms") {
  if (!minisign_is_here()) SKIP("minisign is not installed (apt-get install minisign)");
  const Signed files;
  const std::string policy = files.path("p.json");
  CHECK(run_command("minisign -V -p " + files.path("k.pub") + " -m " + policy).status == 0);
  const std::string pair = " -p " + files.path("m.pub") + " -s " + files.path("m.key");
  REQUIRE(run_command("minisign -G -W" + pair).status == 0);
  for (const char* form : {"-S", "-S -l"}) {
    const std::string signature = files.path("m.sig");
    REQUIRE(run_command(std::string("minisign ") + form + " -s " + files.path("m.key") + " -m " +
                        policy + " -x " + signature)
                .status == 0);
    CHECK(
        tool("policy verify " + policy + " --pubkey " + files.path("m.pub") + " --sig " + signature)
            .status == 0);
  }
  REQUIRE(::chmod(files.path("m.key").c_str(), 0600) == 0);
  const std::string both = files.path("both.sig");
  CHECK(tool("policy sign " + policy + " --key " + files.path("m.key") + " --out " + both).status ==
        0);
  CHECK(run_command("minisign -V -p " + files.path("m.pub") + " -m " + policy + " -x " + both)
            .status == 0);
  CHECK(run_command("minisign -S -s " + files.path("k") + " -m " + policy + " -x " + both).status ==
        0);
  CHECK(files.verify("--sig " + both).status == 0);
}

}  // namespace ratls
