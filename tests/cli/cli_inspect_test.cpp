// inspect: every kind of file, as a user meets it.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/genuine.h"
#include "tests/verify/leaves.h"

namespace ratls {

namespace {

using nlohmann::json;
using test::TemporaryFolder;
using test::tool;
using test::tool_out;

const std::vector<std::string> kKinds{"cert", "report", "crl", "evidence"};

}  // namespace

TEST_CASE("inspect cert shows AMD's keys and says that they are pinned") {
  const TemporaryFolder folder;
  test::write_file(folder.file("ark.der"), test::amd_certificate("genoa", "ark"));
  const auto text = tool("inspect cert " + folder.file("ark.der"));
  CHECK(text.status == 0);
  CHECK(text.output.starts_with("NOT VERIFIED"));
  CHECK(text.output.find("AMD's root key (ARK) of Genoa, one of the keys pinned") !=
        std::string::npos);
  const auto machine = tool("inspect cert --json - < " + folder.file("ark.der"));
  CHECK(json::parse(machine.output).at("certificates").at(0).at("kind") == "amd_ca");
}

TEST_CASE("inspect cert names another protocol's certificate") {
  const TemporaryFolder folder;
  const SigningKey key = SigningKey::generate().value();
  const Bytes der =
      test::leaf_with(key, {test::leaf_extension("2.23.133.5.4.9", as_bytes("a quote"))});
  test::write_file(folder.file("leaf.pem"), as_bytes(test::pem_of("CERTIFICATE", der)));
  const auto text = tool("inspect cert " + folder.file("leaf.pem"));
  CHECK(text.status == 0);
  CHECK(text.output.find("Gramine from 1.8") != std::string::npos);
}

TEST_CASE("every inspect verb refuses rubbish, nothing and 16 MB with code 65 and one line") {
  const TemporaryFolder folder;
  test::write_file(folder.file("empty"), Bytes{});
  test::write_file(folder.file("rubbish"), Bytes(3000, 0x30));
  test::write_file(folder.file("pem"), as_bytes("-----BEGIN CERTIFICATE-----\n"));
  test::write_file(folder.file("huge"), Bytes(16'000'000, 0xa5));
  for (const std::string& kind : kKinds) {
    for (const char* name : {"empty", "rubbish", "pem", "huge"}) {
      INFO(kind << " " << name);
      const auto text = tool("inspect " + kind + " " + folder.file(name));
      CHECK(text.status == 65);
      CHECK(text.output.find('\n') == text.output.size() - 1);
      const auto machine = tool_out("inspect " + kind + " --json " + folder.file(name));
      CHECK(machine.status == 65);
      CHECK(json::parse(machine.output).at("exit_code") == 65);
    }
    CHECK(tool("inspect " + kind + " /dev/zero").status == 65);
    CHECK(tool("inspect " + kind + " /nonexistent").status == 66);
    CHECK(tool("inspect " + kind).status == 64);
    CHECK(tool("inspect " + kind + " --help").output.find("EXAMPLES") != std::string::npos);
  }
}

}  // namespace ratls
