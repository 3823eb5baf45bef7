// The tool's contract: exit codes, both outputs, and what it does with bad input.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/genuine.h"

namespace ratls {

namespace {

using nlohmann::json;
using test::TemporaryFolder;
using test::tool;
using test::tool_out;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kCase = "turin/v5-vcek-microsoft";

// A folder with report.bin, vcek.der and a policy.json that accepts them.
class Files {
 public:
  Files() : genuine_(test::genuine_case(kCase)) {
    put("report.bin", genuine_.report);
    put("vcek.der", *genuine_.endorsement);
    put("policy.json", as_bytes(test::policy_for(genuine_).dump(2)));
  }
  void put(const std::string& name, ByteView content) { test::write_file(path(name), content); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string verify(const std::string& more) const {
    return "verify report " + path("report.bin") + " --endorsement " + path("vcek.der") + " --at " +
           to_rfc3339(genuine_.inside()) + " " + more;
  }
  [[nodiscard]] const test::GenuineCase& genuine() const { return genuine_; }

 private:
  test::GenuineCase genuine_;
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("a genuine report is accepted with code 0, in text and in JSON") {
  const Files files;
  const std::string arguments = files.verify("--policy " + files.path("policy.json"));
  const auto text = tool(arguments);
  CHECK(text.status == 0);
  CHECK(has(text.output, "ACCEPTED  test version 3"));
  CHECK(has(text.output, " ok    chain            report <- VCEK <- ASK <- ARK-Turin"));
  const auto machine = tool(arguments + " --json");
  CHECK(machine.status == 0);
  const auto verdict = json::parse(machine.output);
  CHECK(verdict.at("schema") == "ratls.verdict/1");
  CHECK(verdict.at("accepted") == true);
}

TEST_CASE("a refusal has code 1, and says got, want and hint") {
  Files files;
  auto policy = test::policy_for(files.genuine());
  policy["accept"][0]["measurements"] = {std::string(96, '0')};
  files.put("other.json", as_bytes(policy.dump()));
  const auto text = tool(files.verify("--policy " + files.path("other.json")));
  CHECK(text.status == 1);
  CHECK(has(text.output, "FAIL  measurement      got   6d6c3545"));
  CHECK(has(text.output, "REJECTED  measurement_not_allowed"));
  const auto machine = tool(files.verify("--json --policy " + files.path("other.json")));
  CHECK(machine.status == 1);
  CHECK(json::parse(machine.output).at("reason") == "measurement_not_allowed");
}

TEST_CASE("authenticity alone has code 0 and says that no policy was applied") {
  const Files files;
  const auto text = tool(files.verify("--authenticity-only"));
  CHECK(text.status == 0);
  CHECK(has(text.output, "no policy was applied"));
}

TEST_CASE("--report-data compares all 64 bytes") {
  const Files files;
  const std::string zero(128, '0');
  CHECK(tool(files.verify("--authenticity-only --report-data " + zero)).status == 0);
  std::string other = zero;
  other.back() = '1';
  const auto wrong = tool(files.verify("--authenticity-only --report-data " + other));
  CHECK(wrong.status == 1);
  CHECK(has(wrong.output, "REJECTED  binding_mismatch"));
}

TEST_CASE("--at moves the clock, to before and behind the certificate") {
  const Files files;
  const std::string base = "verify report " + files.path("report.bin") + " --endorsement " +
                           files.path("vcek.der") + " --authenticity-only --at ";
  CHECK(has(tool(base + "2020-01-01T00:00:00Z").output, "endorsement_not_yet_valid"));
  CHECK(has(tool(base + "2040-01-01T00:00:00Z").output, "endorsement_expired"));
}

TEST_CASE("standard input is read where a file is called -") {
  const Files files;
  const auto read = tool("inspect report --json - < " + files.path("report.bin"));
  CHECK(read.status == 0);
  CHECK(json::parse(read.output).at("report").at("product") == "turin");
}

TEST_CASE("inspect shows all, says NOT VERIFIED first and last, and judges nothing") {
  const Files files;
  const auto text = tool("inspect report " + files.path("report.bin"));
  CHECK(text.status == 0);
  CHECK(text.output.starts_with("NOT VERIFIED"));
  CHECK(has(text.output, "iommu_write_safe"));
  CHECK(text.output.rfind("NOT VERIFIED") > text.output.size() / 2);
}

TEST_CASE("wrong usage has code 64") {
  const Files files;
  const std::string report = files.path("report.bin");
  const std::vector<std::string> all{
      std::string(""),
      std::string("frobnicate"),
      std::string("verify"),
      std::string("verify report"),
      std::string("inspect report"),
      std::string("--frob"),
      "verify report " + report,
      "verify report " + report + " --authenticity-only --frob",
      "verify report " + report + " --authenticity-only --policy " + files.path("policy.json"),
      "verify report " + report + " --authenticity-only --at yesterday",
      "verify report " + report + " --authenticity-only --report-data 00",
      "verify report " + report + " --authenticity-only --report-data " + std::string(127, '0') +
          "g",
      std::string("verify report - --policy -")};
  for (const std::string& arguments : all) {
    INFO(arguments);
    CHECK(tool(arguments).status == 64);
  }
}

TEST_CASE("malformed input has code 65, and an error or verdict in JSON where asked") {
  Files files;
  files.put("empty", Bytes{});
  files.put("short", Bytes(1183, 1));
  files.put("long", Bytes(1185, 1));
  files.put("ioctl", Bytes(4000));
  files.put("pem", as_bytes("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"));
  files.put("huge", Bytes(300'000, 7));
  for (const std::string name : {"empty", "short", "long", "ioctl", "pem", "huge"}) {
    INFO(name);
    for (const std::string verb : {"inspect report ", "verify report --authenticity-only "}) {
      CHECK(tool(verb + files.path(name)).status == 65);
      const auto machine = tool_out(verb + "--json " + files.path(name));
      CHECK(machine.status == 65);
      CHECK(json::accept(machine.output));
    }
  }
}

TEST_CASE("a certificate that is garbage has code 65") {
  Files files;
  files.put("pem", as_bytes("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"));
  files.put("garbage", Bytes(500, 0x30));
  files.put("empty", Bytes{});
  for (const char* name : {"pem", "garbage", "empty", "report.bin"}) {
    const auto judged = tool("verify report " + files.path("report.bin") + " --endorsement " +
                             files.path(name) + " --authenticity-only");
    INFO(name);
    CHECK(judged.status == 65);
    CHECK(has(judged.output, "malformed_endorsement"));
  }
}

TEST_CASE("a missing file, a directory and an unreadable one have code 66") {
  const Files files;
  const std::vector<std::string> all{
      std::string("verify report --authenticity-only /nonexistent"),
      std::string("verify report --authenticity-only /"),
      std::string("inspect report /"),
      files.verify("--policy /nonexistent"),
      "verify report --authenticity-only --endorsement /nonexistent " + files.path("report.bin"),
      "verify report --authenticity-only --crl / " + files.path("report.bin")};
  for (const std::string& arguments : all) {
    INFO(arguments);
    CHECK(tool(arguments).status == 66);
    const auto machine = tool_out(arguments + " --json");
    CHECK(machine.status == 66);
    CHECK(json::parse(machine.output).at("exit_code") == 66);
  }
}

TEST_CASE("a bad policy has code 78, with line and column") {
  Files files;
  files.put("bad.json", as_bytes("{\n  \"nmae\": 1\n}"));
  const auto text = tool(files.verify("--policy " + files.path("bad.json")));
  CHECK(text.status == 78);
  CHECK(has(text.output, "line 2, column 3: unknown key \"nmae\""));
  CHECK(has(text.output, "did you mean \"name\"?"));
  const auto machine = tool_out(files.verify("--json --policy " + files.path("bad.json")));
  CHECK(machine.status == 78);
  CHECK(json::parse(machine.output).at("reason") == "invalid_policy");
}

TEST_CASE("a result that cannot be written is a failure") {
  const Files files;
  CHECK(tool("inspect report " + files.path("report.bin") + " > /dev/full").status == 69);
  CHECK(tool(files.verify("--authenticity-only > /dev/full")).status == 69);
}

TEST_CASE("no environment variable changes a verdict") {
  const Files files;
  const std::string plain = "verify report " + files.path("report.bin") + " --authenticity-only";
  for (const char* variable : {"RATLS_INSECURE=1", "RA_TLS_ALLOW_DEBUG_ENCLAVE_INSECURE=1",
                               "RATLS_POLICY=/dev/null", "RATLS_AT=2026-01-01T00:00:00Z"}) {
    const auto judged =
        test::run_command(std::string(variable) + " " + std::string(RATLS_TOOL) + " " + plain);
    CHECK(judged.status == 1);
    CHECK(has(judged.output, "missing_endorsement"));
  }
}

TEST_CASE("version, help and the list of reasons") {
  CHECK(tool("--version").output.starts_with("ratls 0."));
  for (const char* verb : {"--help", "inspect report --help", "verify report --help"}) {
    const auto help = tool(verb);
    CHECK(help.status == 0);
    CHECK(has(help.output, "EXIT CODES"));
  }
  CHECK(has(tool("verify report --help").output, "EXAMPLES"));
  const auto reasons = json::parse(tool("reasons --json").output);
  CHECK(reasons.at("reasons").size() == all_reasons().size());
  CHECK(reasons.at("reasons").at(0).at("code") == "malformed_report");
  CHECK(has(tool("reasons").output, "tcb_below_floor"));
}

}  // namespace ratls
