// verify cert, and inputs of 16 MB, as a user meets them.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/leaves.h"
#include "tests/verify/simulated_leaf.h"

#include <ratls/certgen/sim/policy_text.h>

namespace ratls {

namespace {

using nlohmann::json;
using test::TemporaryFolder;
using test::tool;
using test::tool_out;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Files {
 public:
  explicit Files(const test::LeafOptions& options = {}) : leaf(options) {
    put("leaf.der", leaf.der);
    put("leaf.pem", as_bytes(test::pem_of("CERTIFICATE", leaf.der)));
    put("huge", Bytes(16'000'000, 0xa5));
    sim::PolicyOptions policy;
    policy.products = {sim::Product::milan};
    put("policy.json", as_bytes(sim::policy_json(test::authority(), policy).value()));
  }
  void put(const std::string& name, ByteView content) { test::write_file(path(name), content); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string verify(const std::string& name, const std::string& more = {}) const {
    return "verify cert " + path(name) + " --policy " + path("policy.json") + " --at " +
           to_rfc3339(test::kNow) + " " + more;
  }

  test::SimulatedLeaf leaf;

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("verify cert accepts a leaf from DER and PEM, and says that the session is unknown") {
  const Files files;
  for (const char* name : {"leaf.der", "leaf.pem"}) {
    const auto text = tool(files.verify(name));
    INFO(text.output);
    CHECK(text.status == 0);
    CHECK(has(text.output, " skip  binding          session unknown"));
    CHECK(has(text.output, "SESSION UNKNOWN"));
    CHECK(has(text.output, "SIMULATED"));
  }
  const auto machine = tool(files.verify("leaf.der", "--json"));
  CHECK(machine.status == 0);
  CHECK(json::parse(machine.output).at("scope") == "certificate");
  CHECK(json::parse(machine.output).at("accepted") == true);
}

TEST_CASE("verify cert refuses with 1 what a policy refuses and with 65 what cannot be read") {
  test::LeafOptions debug;
  debug.world.report = [](sim::ReportOptions& report) {
    report.launch.policy |= sim::kPolicyDebug;
  };
  Files files(debug);
  CHECK(tool(files.verify("leaf.der")).status == 1);
  CHECK(has(tool(files.verify("leaf.der")).output, "REJECTED  debug_allowed"));
  const Bytes dice =
      test::leaf_with(files.leaf.key, {test::leaf_extension("2.23.133.5.4.9", Bytes(9, 1))});
  files.put("dice.der", dice);
  const auto foreign = tool(files.verify("dice.der"));
  CHECK(foreign.status == 65);
  CHECK(has(foreign.output, "REJECTED  foreign_evidence"));
  CHECK(has(foreign.output, "Gramine from 1.8"));
  CHECK(tool(files.verify("policy.json")).status == 65);
  CHECK(tool(files.verify("nonexistent")).status == 66);
}

TEST_CASE("verify cert without a policy, or with two inputs from stdin, is wrong usage") {
  const Files files;
  CHECK(tool("verify cert " + files.path("leaf.der")).status == 64);
  CHECK(tool("verify cert - --policy -").status == 64);
  CHECK(tool("verify cert").status == 64);
  CHECK(tool(files.verify("leaf.der", "--at never")).status != 0);
  CHECK(has(tool("verify cert --help").output, "A certificate is public"));
}

TEST_CASE("verify cert finds the VCEK that a leaf lacks in the store that it is given") {
  test::LeafOptions bare;
  bare.envelope = [](EvidenceEnvelope& envelope) { envelope.endorsement.reset(); };
  Files files(bare);
  files.put("vcek.der", files.leaf.world->endorsement);
  CHECK(has(tool(files.verify("leaf.der")).output, "missing_endorsement"));
  const std::string store = "--collateral " + files.path("store");
  const auto none = tool(files.verify("leaf.der", store));
  CHECK(none.status == 66);
  CHECK(has(none.output, "there is no collateral store"));
  REQUIRE(tool("collateral import " + files.path("vcek.der") + " --store " + files.path("store") +
               " --policy " + files.path("policy.json"))
              .status == 0);
  const auto found = tool(files.verify("leaf.der", store));
  INFO(found.output);
  CHECK(found.status == 0);
}

TEST_CASE("16 MB are refused by every verify verb, wherever they come in, with one line and 65") {
  const Files files;
  const std::string huge = files.path("huge");
  const std::string leaf = files.path("leaf.der");
  const std::string policy = files.path("policy.json");
  for (const std::string& arguments :
       {"verify cert " + huge + " --policy " + policy, "verify cert " + leaf + " --policy " + huge,
        "verify cert " + leaf + " --policy " + policy + " --crl " + huge,
        "verify report " + huge + " --authenticity-only",
        "verify report " + leaf + " --authenticity-only --endorsement " + huge,
        "verify report " + leaf + " --authenticity-only --crl " + huge,
        "verify report " + leaf + " --policy " + huge,
        "verify report - --authenticity-only < " + huge}) {
    INFO(arguments);
    const auto text = tool(arguments);
    CHECK(text.status == 65);
    CHECK(text.output.find('\n') == text.output.size() - 1);
    CHECK(has(text.output, "more than 256 KiB"));
  }
  // Not read to the end, nor kept: 64 MiB of address space beyond the program are plenty.
  const auto small = test::run_command("ulimit -v 120000; " + std::string(RATLS_TOOL) +
                                       " verify cert /dev/zero --policy " + policy);
  CHECK(small.status == 65);
}

}  // namespace ratls
