// Every genuine and derived vector through the tool.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "tests/cli/tool.h"
#include "tests/verify/genuine.h"

namespace ratls {

namespace {

using nlohmann::json;
using test::tool_out;

std::string arguments_for(const test::GenuineCase& genuine, const std::string& report) {
  std::string out = "verify report --json --authenticity-only --at " +
                    to_rfc3339(genuine.inside()) + " " + report;
  if (!genuine.endorsement) return out;
  const std::string kind = genuine.expected.at("ek").at("kind").get<std::string>();
  return out + " --endorsement " + genuine.folder + "/" + kind + ".der";
}

}  // namespace

TEST_CASE("the tool gives every genuine case the verdict that its expected.json names") {
  for (const auto& genuine : test::genuine_cases()) {
    INFO(genuine.name);
    const auto judged = tool_out(arguments_for(genuine, genuine.folder + "/report.bin"));
    const auto verdict = json::parse(judged.output);
    CHECK(verdict.at("accepted") == false);  // no policy was asked
    CHECK(verdict.at("authentic") == genuine.valid());
    CHECK(judged.status == (genuine.valid() ? 0 : 1));
    if (genuine.expected.at("class_") == "unverifiable") {
      CHECK(verdict.at("reason") == "missing_endorsement");
    }
  }
}

TEST_CASE("the tool inspects every genuine report as its expected.json says") {
  for (const auto& genuine : test::genuine_cases()) {
    INFO(genuine.name);
    const auto read = tool_out("inspect report --json " + genuine.folder + "/report.bin");
    CHECK(read.status == 0);
    const auto report = json::parse(read.output).at("report");
    for (const char* key : {"measurement", "report_data", "host_data", "chip_id", "report_id",
                            "platform_info", "vmpl", "version", "guest_svn"}) {
      INFO(key);
      CHECK(report.at(key) == genuine.expected.at("fields").at(key));
    }
    CHECK(report.at("reported_tcb") ==
          test::policy_tcb(genuine.expected.at("fields").at("reported_tcb")));
  }
}

TEST_CASE("the tool refuses every derived report, but for the other form of the signature") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("the genuine evidence (../shared/vectors) is not here");
  for (const char* product : {"milan-v3", "turin-v5"}) {
    const std::string folder = *vectors + "/derived/from-" + product;
    const auto expected = json::parse(test::read_file(folder + "/expected.json").value());
    const auto base = test::genuine_case(expected.at("base").get<std::string>());
    for (const auto& [file, entry] : expected.at("files").items()) {
      INFO(folder << "/" << file);
      const auto judged = tool_out(arguments_for(base, folder + "/" + file));
      const bool accepted = file == "sig-s-negated.bin";
      CHECK(json::parse(judged.output).at("authentic") == accepted);
      CHECK((judged.status == 0) == accepted);
      CHECK((judged.status == 0 || judged.status == 1 || judged.status == 65));
    }
  }
}

}  // namespace ratls
