// ratls sim, as people run it.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/evidence.h>
#include <ratls/core/x509.h>

#include "../support/files.h"
#include "../support/sim_folder.h"

using namespace ratls;

namespace {

struct Tool {
  test::TemporaryFolder folder;

  test::CommandResult run(const std::string& arguments) const {
    return test::run_command("cd " + folder.path() + " && " RATLS_TOOL " " + arguments);
  }
  test::CommandResult sim(const std::string& verb, const std::string& options) const {
    return run("sim " + verb + " " + test::sim_folder() + " " + options);
  }
  [[nodiscard]] bool has(const std::string& file) const {
    return test::read_file(folder.file(file)).has_value();
  }
  /// A report made with `options`, judged by the policy that `policy_options` make.
  test::CommandResult judged(const std::string& options, const std::string& policy_options) const {
    const auto made = sim("report", "--out r.bin --endorsement-out v.der " + options);
    CAPTURE(made.output);
    REQUIRE(made.status == 0);
    REQUIRE(sim("policy", "--out p.json " + policy_options).status == 0);
    return run("verify report r.bin --endorsement v.der --policy p.json");
  }
};

bool says(const test::CommandResult& result, const std::string& text) {
  return result.output.find(text) != std::string::npos;
}

const std::string kDigest(96, 'a');

}  // namespace

TEST_CASE("sim init makes a folder of keys, and a second time changes nothing") {
  const Tool tool;
  const auto before = test::read_file(test::sim_folder() + "/milan-ark.der");
  const auto made = tool.sim("init", "");
  CHECK(made.status == 0);
  CHECK(says(made, "SIMULATED"));
  CHECK(says(made, "milan"));
  CHECK(test::read_file(test::sim_folder() + "/milan-ark.der") == before);
}

TEST_CASE("a report of sim report is accepted by the policy of sim policy") {
  const Tool tool;
  for (const std::string product : {"milan", "genoa", "bergamo-siena", "turin"}) {
    CAPTURE(product);
    const auto verdict = tool.judged("--product " + product, "--product " + product);
    CAPTURE(verdict.output);
    CHECK(verdict.status == 0);
    CHECK(says(verdict, "ACCEPTED"));
    CHECK(says(verdict, "SIMULATED"));
  }
}

TEST_CASE("one policy of sim policy can name several products and measurements") {
  const Tool tool;
  const std::string several = "--product turin --product milan --measurement " +
                              std::string(96, 'b') + " --measurement " + kDigest;
  CHECK(tool.judged("--measurement " + kDigest, several).status == 0);
  CHECK(tool.judged("--product turin --measurement " + kDigest, several).status == 0);
  CHECK(tool.judged("", several).status == 1);
}

TEST_CASE("what sim report was asked for is what the verdict refuses") {
  const Tool tool;
  struct Row {
    std::string options;
    std::string reason;
  };
  for (const Row& row :
       {Row{"--debug", "debug_allowed"}, Row{"--vmpl 1", "vmpl_not_allowed"},
        Row{"--version 2", "report_version_not_allowed"},
        Row{"--tcb 4/0/26/222", "tcb_below_floor"}, Row{"--vlek", "csp_not_allowed"},
        Row{"--measurement " + kDigest, "measurement_not_allowed"},
        Row{"--endorsed-from 2010-01-01T00:00:00Z", "endorsement_expired"}}) {
    CAPTURE(row.options);
    const auto verdict = tool.judged(row.options, "");
    CAPTURE(verdict.output);
    CHECK(verdict.status == 1);
    CHECK(says(verdict, row.reason));
  }
}

TEST_CASE("a VLEK report is accepted where the policy was asked to") {
  const Tool tool;
  CHECK(tool.judged("--vlek", "--vlek").status == 0);
}

TEST_CASE("sim report writes the REPORT_DATA that was asked for") {
  const Tool tool;
  const std::string data = std::string(64, '1') + std::string(64, '2');
  REQUIRE(tool.sim("report", "--out r.bin --report-data " + data).status == 0);
  const auto report = test::read_file(tool.folder.file("r.bin"));
  REQUIRE(report.has_value());
  REQUIRE(report->size() == kSnpReportSize);
  CHECK(to_hex(ByteView(*report).subspan(0x50, 64)) == data);
}

TEST_CASE("another chip name is another chip") {
  const Tool tool;
  REQUIRE(tool.sim("report", "--out a.bin --chip a").status == 0);
  REQUIRE(tool.sim("report", "--out b.bin --chip b").status == 0);
  const auto chip = [&](const std::string& file) {
    return to_hex(ByteView(*test::read_file(tool.folder.file(file))).subspan(0x1a0, 64));
  };
  CHECK(chip("a.bin") != chip("b.bin"));
}

TEST_CASE("wrong use of sim is told apart from a missing simulator, and writes nothing") {
  const Tool tool;
  for (const std::string options :
       {"--out x --product zen", "--out x --measurement 00", "--out x --report-data 00",
        "--out x --tcb 1/2", "--out x --tcb 1/2/3/256", "--out x --tcb 1/2/3/4/5",
        "--out x --tcb /", "--out x --product turin --tcb 1/2/3/4",
        "--out x --endorsed-from yesterday", "--out x --product milan --product turin",
        "--out x --vmpl -1", ""}) {
    CAPTURE(options);
    CHECK(tool.sim("report", options).status == 64);
  }
  CHECK(tool.sim("policy", "--out x --measurement 00").status == 64);
  CHECK(tool.run("sim").status == 64);
  CHECK(tool.run("sim report none --out x").status == 66);
  CHECK(tool.run("sim policy none --out x").status == 66);
  CHECK_FALSE(tool.has("x"));
  CHECK_FALSE(tool.has("none/seed"));
}

TEST_CASE("output that cannot be written is said, and leaves nothing behind") {
  const Tool tool;
  CHECK(tool.sim("report", "--out none/x").status == 69);
  CHECK(tool.sim("policy", "--out /dev/full").status == 69);
  CHECK(tool.sim("report", "--out - > /dev/full").status == 69);
  CHECK(tool.run("sim init none/a").status == 69);
  CHECK(test::run_command("ls -A " + tool.folder.path()).output.empty());
}

TEST_CASE("an output file is replaced whole, and a device is written to") {
  const Tool tool;
  test::write_file(tool.folder.file("r.bin"), Bytes(5000, 1));
  REQUIRE(tool.sim("report", "--out r.bin").status == 0);
  CHECK(test::read_file(tool.folder.file("r.bin"))->size() == kSnpReportSize);
  CHECK(tool.sim("report", "--out /dev/null").status == 0);
  CHECK(test::run_command("test -c /dev/null").status == 0);
  const auto piped = test::run_command(RATLS_TOOL " sim report " + test::sim_folder() +
                                       " --out - 2>/dev/null | wc -c");
  CHECK(piped.output.find("1184") != std::string::npos);
}
