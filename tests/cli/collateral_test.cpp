// ratls collateral import, pack and show, and verify report --collateral, as a user runs them.

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/stored.h"

namespace ratls {

namespace {

using nlohmann::json;
using test::tool;
using test::tool_out;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A simulated report with its VCEK, the policy that accepts it, and a folder for stores.
struct Desk {
  Desk() {
    const std::string sim = test::sim_folder();
    REQUIRE(tool("sim policy " + sim + " --out " + file("p.json")).status == 0);
    REQUIRE(tool("sim report " + sim + " --out " + file("r.bin") + " --endorsement-out " +
                 file("vcek.der"))
                .status == 0);
    test::write_file(file("5.crl"), test::crl(5));
    test::write_file(file("4.crl"), test::crl(4));
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder.file(name); }
  [[nodiscard]] std::string store(const std::string& name = "store") const {
    return " --store " + file(name) + " --policy " + file("p.json");
  }
  [[nodiscard]] std::string import(const std::string& name) const {
    return "collateral import " + file(name) + store();
  }

  test::TemporaryFolder folder;
};

}  // namespace

TEST_CASE("what is imported is found by verify report, and only then") {
  const Desk desk;
  const std::string verify = "verify report " + desk.file("r.bin") + " --policy " +
                             desk.file("p.json") + " --collateral " + desk.file("store");
  CHECK(tool(verify).status == 66);
  REQUIRE(tool(desk.import("5.crl")).status == 0);
  const auto without = tool(verify);
  CHECK(without.status == 1);
  CHECK(has(without.output, "missing_endorsement"));
  const auto imported = tool(desk.import("vcek.der"));
  CHECK(imported.status == 0);
  CHECK(has(imported.output, "VCEK  Milan  chip "));
  CHECK(has(imported.output, "(SIMULATED): stored"));
  const auto with = tool(verify);
  CHECK(with.status == 0);
  CHECK(has(with.output, "ACCEPTED"));
}

TEST_CASE("a damaged object is named by verify report, which goes on without it") {
  const Desk desk;
  REQUIRE(tool(desk.import("vcek.der")).status == 0);
  for (const auto& entry : std::filesystem::directory_iterator(desk.file("store/objects"))) {
    std::filesystem::resize_file(entry.path(), 100);
  }
  const auto verified = tool("verify report " + desk.file("r.bin") + " --policy " +
                             desk.file("p.json") + " --collateral " + desk.file("store"));
  CHECK(verified.status == 1);
  CHECK(has(verified.output, "collateral passed over: objects/"));
  CHECK(has(verified.output, "missing_endorsement"));
  const auto shown = tool("collateral show" + desk.store());
  CHECK(shown.status == 0);
  CHECK(has(shown.output, "PROBLEM  objects/"));
  CHECK(has(shown.output, "0 items, 1 problems"));
}

TEST_CASE("nothing of a simulator is imported without a policy that names it") {
  const Desk desk;
  const auto refused =
      tool("collateral import " + desk.file("vcek.der") + " --store " + desk.file("store"));
  CHECK(refused.status == 1);
  CHECK(has(refused.output, "REFUSED"));
  CHECK(has(refused.output, "simulated_not_allowed"));
  CHECK_FALSE(std::filesystem::exists(desk.file("store")));
}

TEST_CASE("an older revocation list is refused by name, number and date") {
  const Desk desk;
  REQUIRE(tool(desk.import("5.crl")).status == 0);
  const auto older = tool(desk.import("4.crl"));
  CHECK(older.status == 1);
  CHECK(has(older.output, "crl_rollback"));
  CHECK(has(older.output, "number 0x04"));
  CHECK(has(older.output, "stored is number 0x05"));
  const auto other = tool(desk.import("4.crl") + " --list vlek");
  CHECK(other.status == 0);
  CHECK(has(other.output, "for VLEKs, number 0x04  (SIMULATED): stored"));
}

TEST_CASE("a pack makes a second machine's store the same as the first's") {
  const Desk desk;
  REQUIRE(tool(desk.import("vcek.der")).status == 0);
  REQUIRE(tool(desk.import("5.crl")).status == 0);
  const std::string pack = "collateral pack" + desk.store() + " --out ";
  REQUIRE(tool(pack + desk.file("a.pack")).status == 0);
  REQUIRE(tool(pack + desk.file("b.pack")).status == 0);
  CHECK(test::read_file(desk.file("a.pack")) == test::read_file(desk.file("b.pack")));
  const auto imported = json::parse(
      tool_out("collateral import " + desk.file("a.pack") + desk.store("second") + " --json")
          .output);
  CHECK(imported["schema"] == "ratls.collateral_import/1");
  CHECK(imported["complete"] == true);
  REQUIRE(imported["items"].size() == 2);
  const auto shown = [&](const std::string& name) {
    return json::parse(tool_out("collateral show --json" + desk.store(name)).output);
  };
  CHECK(shown("second")["items"] == shown("store")["items"]);
  CHECK(shown("second")["problems"].empty());
  CHECK(shown("store")["items"][0]["kind"] == "VCEK");
  CHECK(shown("store")["items"][1]["crl_number"] == "05");
}

TEST_CASE("one bad item of several is refused and the others are taken") {
  const Desk desk;
  Bytes forged = *test::read_file(desk.file("vcek.der"));
  forged.back() ^= 1U;
  test::write_file(desk.file("forged.der"), forged);
  const auto mixed = tool("collateral import " + desk.file("forged.der") + " " +
                          desk.file("vcek.der") + " " + desk.file("nothing") + desk.store());
  CHECK(mixed.status == 1);
  CHECK(has(mixed.output, "chain_untrusted"));
  CHECK(has(mixed.output, "No such file"));
  CHECK(has(mixed.output, "1 stored, 0 there already, 0 older than what is there, 2 refused"));
}

TEST_CASE("PEM files of several certificates are taken item by item") {
  const Desk desk;
  std::string chain;
  for (const sim::Ca ca : {sim::Ca::ask, sim::Ca::ark}) {
    test::write_file(desk.file("one.der"),
                     test::authority().certificate(sim::Product::milan, ca).value());
    chain += test::run_command("openssl x509 -inform DER -in " + desk.file("one.der")).output;
  }
  if (!has(chain, "BEGIN CERTIFICATE")) SKIP("no openssl command");
  test::write_file(desk.file("chain.pem"), as_bytes(chain));
  const auto imported = tool(desk.import("chain.pem"));
  CHECK(imported.status == 0);
  CHECK(has(imported.output, "ASK   Milan"));
  CHECK(has(imported.output, "ARK   Milan"));
}

TEST_CASE("bad input to the collateral verbs is one sentence and an exit code") {
  const Desk desk;
  test::write_file(desk.file("junk"), as_bytes("<html>404 not found</html>"));
  CHECK(tool(desk.import("junk")).status == 65);
  CHECK(has(tool(desk.import("junk")).output, "malformed_collateral"));
  CHECK(tool(desk.import("missing")).status == 66);
  CHECK(tool(desk.import("5.crl") + " --list both").status == 64);
  CHECK(tool("collateral import").status == 64);
  CHECK(tool("collateral").status == 64);
  CHECK(tool("collateral show" + desk.store("none")).status == 66);
  CHECK(tool("collateral pack --out x" + desk.store("none")).status == 66);
  CHECK(tool("verify report r --authenticity-only --collateral " + desk.file("store")).status ==
        64);
  test::write_file(desk.file("big"), Bytes(65U * 1024 * 1024));
  const auto big = tool(desk.import("big"));
  CHECK(big.status == 65);
  CHECK(has(big.output, "more than 65536 KiB"));
  CHECK_FALSE(std::filesystem::exists(desk.file("store")));
}

TEST_CASE("the environment says where the store is, and nothing else") {
  const Desk desk;
  const std::string cache = desk.file("cache");
  const std::string import =
      " collateral import " + desk.file("5.crl") + " --policy " + desk.file("p.json");
  CHECK(test::run_command("XDG_CACHE_HOME=" + cache + " " RATLS_TOOL + import).status == 0);
  CHECK(std::filesystem::exists(cache + "/ratls/collateral/crl"));
  CHECK(test::run_command("XDG_CACHE_HOME=relative HOME=" + desk.file("home") + " " RATLS_TOOL +
                          import)
            .status == 0);
  CHECK(std::filesystem::exists(desk.file("home/.cache/ratls/collateral/crl")));
  const auto none = test::run_command("env -u XDG_CACHE_HOME -u HOME " RATLS_TOOL + import);
  CHECK(none.status == 64);
  CHECK(has(none.output, "give --store DIR"));
}

}  // namespace ratls
