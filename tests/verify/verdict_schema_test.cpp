// Verdicts of every kind against their published schema, by an independent validator.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <ratls/verify/policy_json.h>

#include "tests/support/files.h"
#include "tests/verify/genuine.h"
#include "tests/verify/session_fixture.h"
#include "tests/verify/simulated_leaf.h"

namespace ratls {

namespace {

using Json = nlohmann::json;
using test::SharedReport;
using test::SimulatedLeaf;

// What jsonschema says of these lines; skips the test where it is not installed.
test::CommandResult validate(const std::vector<std::string>& lines) {
  const test::TemporaryFolder folder;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  test::write_file(folder.file("lines"), as_bytes(text));
  const std::string root = RATLS_SOURCE_DIR;
  auto result = test::run_command("python3 " + root + "/tests/verify/validate.py " + root +
                                  "/docs/schema/verdict.schema.json " + folder.file("lines"));
  if (result.status == 69) SKIP(result.output);
  return result;
}

const FixedClock& clock() {
  static const FixedClock shared(test::kNow);
  return shared;
}

std::vector<std::string> session_verdicts() {
  std::vector<std::string> out;
  SharedReport peer;
  const auto policy = peer.world->policy().build().value();
  const Verifier verifier(policy, clock());
  SessionView view = SharedReport::view(0);
  const auto first = verifier.verify(peer.evidence[0], view);
  out.push_back(first.verdict.json());
  const auto kept = verifier.keep(*first.accepted, view.peer_spki);
  out.push_back(verifier.verify_again(*kept, std::chrono::seconds(1)).verdict.json());
  const Verifier other(peer.world->policy().build().value(), clock());
  out.push_back(other.verify_again(*kept, std::chrono::seconds(1)).verdict.json());
  view.role = Role::server;
  out.push_back(verifier.verify(peer.evidence[0], view).verdict.json());
  out.push_back(verifier.verify(Bytes{0xff}, view).verdict.json());
  const Policies several =
      Policies::of({peer.world->policy().named("other", 1).build().value(), policy}).value();
  const Verifier of_two(several, clock());
  for (const Role role : {Role::server, Role::client}) {
    view.role = role;
    out.push_back(of_two.verify(peer.evidence[0], view).verdict.json());
  }
  CHECK(out.back().find("\"other_policies\":[{\"policy\":{") != std::string::npos);
  return out;
}

std::vector<std::string> certificate_verdicts() {
  std::vector<std::string> out;
  const SimulatedLeaf leaf;
  const auto policy = leaf.world->policy().build().value();
  const Verifier verifier(policy, clock());
  out.push_back(verifier.verify_certificate({leaf.der, std::nullopt}).verdict.json());
  out.push_back(verifier.verify_certificate({Bytes(9, 1), std::nullopt}).verdict.json());
  return out;
}

// Each genuine and negative case, without a policy and under one that accepts it.
std::vector<std::string> file_verdicts() {
  std::vector<std::string> out;
  for (const auto& genuine : test::genuine_cases()) {
    const FixedClock inside(genuine.inside());
    out.push_back(authenticate_report(genuine.file(), inside).verdict.json());
    if (!genuine.valid()) continue;
    const auto policy = parse_policy(as_bytes(test::policy_for(genuine).dump()));
    REQUIRE(policy);
    out.push_back(Verifier(*policy, inside).verify_report(genuine.file()).verdict.json());
  }
  return out;
}

}  // namespace

TEST_CASE("verdicts over sessions and certificates conform to the published schema") {
  auto lines = session_verdicts();
  for (const auto& line : certificate_verdicts()) lines.push_back(line);
  CHECK(Json::parse(lines.front()).at("accepted") == true);
  const auto result = validate(lines);
  INFO(result.output);
  CHECK(result.status == 0);
}

TEST_CASE("verdicts over every genuine and negative file conform to the published schema") {
  const auto lines = file_verdicts();
  const auto result = validate(lines);
  INFO(result.output);
  CHECK(result.status == 0);
}

TEST_CASE("a verdict with any reason conforms to the published schema") {
  std::vector<std::string> lines;
  for (const Reason reason : all_reasons()) {
    for (const Scope scope :
         {Scope::authenticity, Scope::report, Scope::certificate, Scope::session}) {
      Trail trail(scope);
      if (scope != Scope::authenticity) trail.set_policy({"p", 1, Sha256Digest()});
      static_cast<void>(trail.fail("chain", Error(reason, "a detail")));
      lines.push_back(std::move(trail).finish(false).json());
    }
  }
  const auto result = validate(lines);
  INFO(result.output);
  CHECK(result.status == 0);
}

TEST_CASE("the schema refuses verdicts that contradict themselves") {
  const Json good = Json::parse(session_verdicts().front());
  const auto refused = [&](const std::function<void(Json&)>& change) {
    Json bad = good;
    change(bad);
    return validate({bad.dump()}).status == 1;
  };
  CHECK(validate({good.dump()}).status == 0);
  CHECK(refused([](Json& v) { v["authentic"] = false; }));
  CHECK(refused([](Json& v) { v["scope"] = "authenticity"; }));
  CHECK(refused([](Json& v) { v["policy"] = nullptr; }));
  CHECK(refused([](Json& v) { v["peer"] = nullptr; }));
  CHECK(refused([](Json& v) { v["reason"] = "tcb_order"; }));
  CHECK(refused([](Json& v) { v["accepted"] = false; }));
  CHECK(refused([](Json& v) { v["checks"][0]["status"] = "fail"; }));
  CHECK(refused([](Json& v) { v.erase("simulated"); }));
  CHECK(refused([](Json& v) { v["peer"]["measurement"] = "ABCD"; }));
}

}  // namespace ratls
