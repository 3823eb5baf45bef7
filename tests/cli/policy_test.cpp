// ratls policy as people run it: what it prints, and its exit codes with good and bad input.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/genuine.h"
#include "tests/verify/policy_sample.h"

namespace ratls {

namespace {

using nlohmann::json;
using test::has;
using test::TemporaryFolder;
using test::tool;
using test::tool_out;

class Folder {
 public:
  std::string put(const std::string& name, const std::string& content) const {
    test::write_file(folder_.file(name), as_bytes(content));
    return folder_.file(name);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }

 private:
  TemporaryFolder folder_;
};

json simulated() {
  json out = test::policy();
  out["accept"][0]["measurements"] = "dangerously_any";
  return out;
}

}  // namespace

TEST_CASE("policy check says what is accepted, and counts dangers and warnings") {
  const Folder folder;
  const auto plain = tool_out("policy check " + folder.put("p.json", test::policy().dump()));
  CHECK(plain.status == 0);
  CHECK(has(plain.output, "accepts \"agent-1.4\""));
  CHECK(
      has(plain.output, "warning \"agent-1.4\": milan from snp 22 is below the 23 of AMD-SB-3015"));
  CHECK(has(plain.output, "VALID, 0 danger(s)"));
  const auto danger = tool_out("policy check " + folder.put("d.json", simulated().dump()));
  CHECK(danger.status == 0);
  CHECK(danger.output.starts_with("DANGER \"agent-1.4\" may run any code\n"));
}

TEST_CASE("policy check --production refuses everything that is called dangerously_") {
  const Folder folder;
  const std::string good = folder.put("p.json", test::policy().dump());
  CHECK(tool_out("policy check --production " + good).status == 0);
  const std::string bad = folder.put("d.json", simulated().dump());
  const auto refused = tool_out("policy check --production " + bad);
  CHECK(refused.status == 78);
  CHECK(has(refused.output, "REFUSED for production: 1 danger(s)"));
  const auto machine = tool_out("policy check --production --json " + bad);
  CHECK(machine.status == 78);
  const auto said = json::parse(machine.output);
  CHECK(said.at("schema") == "ratls.policy-check/1");
  CHECK(said.at("production") == false);
  CHECK(said.at("dangers").size() == 1);
  CHECK(said.at("warnings").size() > 1);
}

TEST_CASE("policy diff names what is widened first, in words and in JSON") {
  const Folder folder;
  json after = test::policy();
  after["accept"][0]["vmpl"] = {0, 3};
  after["version"] = 8;
  const std::string files =
      folder.put("a.json", test::policy().dump()) + " " + folder.put("b.json", after.dump());
  const auto text = tool_out("policy diff " + files);
  CHECK(text.status == 0);
  CHECK(text.output.starts_with("WIDENS  \"agent-1.4\": vmpl may be 3\n"));
  CHECK(has(text.output, "changes version: 8, was 7"));
  CHECK(has(text.output, "WIDENS what is accepted in 1 place(s)"));
  const auto machine = json::parse(tool_out("policy diff --json " + files).output);
  CHECK(machine.at("differences").at(0).at("change") == "widens");
  const std::string same = folder.path("a.json") + " " + folder.path("a.json");
  CHECK(tool_out("policy diff " + same).output == "the same decisions\n");
}

TEST_CASE("a policy with a typo, one too deep and one too large: one sentence, a code") {
  const Folder folder;
  const std::string typo = folder.put("typo.json", "{\"nmae\": \"x\"}");
  const auto said = tool("policy check " + typo);
  CHECK(said.status == 78);
  CHECK(has(said.output, "line 1, column 2: unknown key \"nmae\""));
  CHECK(std::count(said.output.begin(), said.output.end(), '\n') == 1);
  const std::string deep = folder.put("deep.json", std::string(100'000, '['));
  const auto nested = tool("policy check " + deep);
  CHECK(nested.status == 78);
  CHECK(has(nested.output, "nested more than 16 deep"));
  CHECK(std::count(nested.output.begin(), nested.output.end(), '\n') == 1);
  const std::string large = folder.put("large.json", std::string(std::size_t{16} << 20U, ' '));
  const auto big = tool("policy check " + large);
  CHECK(big.status == 65);
  CHECK(has(big.output, "more than 256 KiB"));
  CHECK(std::count(big.output.begin(), big.output.end(), '\n') == 1);
  CHECK(tool("verify report " + large + " --authenticity-only").status == 65);
  CHECK(tool("policy check " + folder.path("none.json")).status == 66);
  CHECK(tool("policy check").status == 64);
  CHECK(tool("policy").status == 64);
}

TEST_CASE("policy new writes a policy that accepts the report it was made of") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const Folder folder;
  test::write_file(folder.path("report.bin"), genuine.report);
  test::write_file(folder.path("vcek.der"), *genuine.endorsement);
  const std::string at = " --at " + to_rfc3339(genuine.inside());
  const std::string base = "policy new --from-report " + folder.path("report.bin");
  const std::string with = base + " --endorsement " + folder.path("vcek.der") + at;
  const auto made = tool(with + " --covers image --name prod --out " + folder.path("p.json"));
  CHECK(made.status == 0);
  CHECK(has(made.output, "genuine: signed by AMD's hardware"));
  const auto judged = tool_out("verify report " + folder.path("report.bin") + " --endorsement " +
                               folder.path("vcek.der") + at + " --policy " + folder.path("p.json"));
  CHECK(has(judged.output, "crl_missing"));  // everything before it held
  CHECK(tool_out("policy check --production " + folder.path("p.json")).status == 0);
  const auto alone = tool(base + at + " --covers image");
  CHECK(alone.status == 0);
  CHECK(has(alone.output, "NOT VERIFIED"));
}

TEST_CASE("policy new makes nothing of a forged report, nor without saying what it covers") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const Folder folder;
  auto forged = genuine.report;
  forged[0x90] ^= 1;
  test::write_file(folder.path("report.bin"), forged);
  test::write_file(folder.path("vcek.der"), *genuine.endorsement);
  const std::string with = "policy new --from-report " + folder.path("report.bin") +
                           " --endorsement " + folder.path("vcek.der") + " --at " +
                           to_rfc3339(genuine.inside()) + " --out " + folder.path("p.json");
  const auto refused = tool(with + " --covers image");
  CHECK(refused.status == 1);
  CHECK(has(refused.output, "signature_invalid"));
  CHECK_FALSE(test::read_file(folder.path("p.json")));
  CHECK(tool(with).status == 64);
  CHECK(tool(with + " --covers all").status == 64);
  CHECK(tool(with + " --covers image --expires soon").status == 64);
}

TEST_CASE("policy bulletins shows numbers with their sources") {
  const auto said = tool_out("policy bulletins");
  CHECK(said.status == 0);
  CHECK(has(said.output, "AMD-SB-3019 CVE-2024-56161"));
  CHECK(has(said.output, "genoa microcode from 84 (3D V-Cache: 79); quoted by"));
}

}  // namespace ratls
