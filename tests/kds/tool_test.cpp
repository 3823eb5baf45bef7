// `ratls collateral fetch`, as a user runs it.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <nlohmann/json.hpp>

#include <ratls/certgen/sim/policy_text.h>
#include <ratls/verify/collateral/store.h>

#include "stand_in.h"

using namespace ratls;
using namespace ratls::test;

namespace {

using nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A folder with a report, a policy that names the simulator, and room for a store.
class Files {
 public:
  Files() {
    SimWorld world;
    // The tool judges by the system's clock.
    write_file(path("report.bin"), world.processor()->get(ReportData()).value().report);
    const auto policy = sim::policy_json(world.authority(), world.policy_options()).value();
    write_file(path("policy.json"), as_bytes(policy));
    stand_in().serve("crl", simulated_crl({4102444800}));  // 2100
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { stand_in().serve("crl", simulated_crl({SimWorld::now().unix_seconds + 86400})); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  /// The command without what to fetch.
  [[nodiscard]] std::string fetch(const std::string& fault, const std::string& more,
                                  const std::string& server = "good") const {
    return std::string(RATLS_TOOL) + " collateral fetch --timeout 2 --store " + path("store") +
           " --policy " + path("policy.json") + " --ca-file " + stand_in().ca_file() +
           " --base-url " + stand_in().url(fault, server) + " " + more;
  }
  [[nodiscard]] std::string report() const { return "--report " + path("report.bin") + " "; }
  [[nodiscard]] std::size_t stored() const {
    return CollateralStore(path("store"), kds_roots()).list().value().items.size();
  }

 private:
  TemporaryFolder folder_;
};

struct Fault {
  const char* name;
  int status;
  const char* reason;
};

}  // namespace

TEST_CASE("a report's VCEK and its list are fetched into the store, with a line for each") {
  const Files files;
  const auto done = run_command(files.fetch("ok", files.report() + "--crl"));
  CAPTURE(done.output);
  CHECK(done.status == 0);
  CHECK(has(done.output, "VCEK of Milan chip "));
  CHECK(has(done.output, "CRL of Milan, for ASKs"));
  CHECK(has(done.output, "/ok/vcek/v1/Milan/crl\n"));
  CHECK(has(done.output, " bytes in 0."));
  CHECK(has(done.output, "2 stored, 0 there already, 0 older than what is there, 0 failed"));
  CHECK(files.stored() == 2);
  CollateralStore store(files.path("store"), kds_roots());
  CHECK(store.endorsement(kds_query()));
}

TEST_CASE("a VCEK that is stored and valid is not asked for again, unless one says so") {
  const Files files;
  REQUIRE(run_command(files.fetch("ok", files.report())).status == 0);
  const auto before = stand_in().requests("/ok/").size();
  const auto again = run_command(files.fetch("ok", files.report()));
  CHECK(again.status == 0);
  CHECK(has(again.output, "in the store already"));
  CHECK(stand_in().requests("/ok/").size() == before);
  const auto anew = run_command(files.fetch("ok", files.report() + "--refresh"));
  CHECK(anew.status == 0);
  CHECK(stand_in().requests("/ok/").size() == before + 1);
}

TEST_CASE("a chip can be named instead of a report, and lists alone by product") {
  const Files files;
  const auto chip = run_command(
      files.fetch("ok", "--product milan --tcb 4/0/27/222 --chip-id " + kds_query().chip_id.hex()));
  CAPTURE(chip.output);
  CHECK(chip.status == 0);
  CHECK(run_command(files.fetch("ok", "--product milan --crl")).status == 0);
  CHECK(files.stored() == 2);
}

TEST_CASE("the JSON is one object on standard output, and says the same") {
  const Files files;
  const auto done =
      run_command("(" + files.fetch("ok", files.report() + "--crl --json") + " 2>/dev/null)");
  CHECK(done.status == 0);
  const json out = json::parse(done.output);
  CHECK(out["schema"] == "ratls.collateral_fetch/1");
  CHECK(out["complete"] == true);
  REQUIRE(out["objects"].size() == 2);
  CHECK(out["objects"][0]["status"] == "stored");
  CHECK(out["objects"][0]["reason"].is_null());
  CHECK(out["objects"][0]["bytes"] > 500);
  const auto failed =
      run_command("(" + files.fetch("error_500", "--product milan --crl --json") + " 2>/dev/null)");
  CHECK(failed.status == 69);
  const json report = json::parse(failed.output);
  CHECK(report["complete"] == false);
  CHECK(report["exit_code"] == 69);
  CHECK(report["objects"][0]["reason"] == "kds_unavailable");
}

TEST_CASE("each kind of failure has its exit code and reason, and stores nothing") {
  const Fault fault = GENERATE(values<Fault>({
      {"error_500", 69, "kds_unavailable"},
      {"not_found", 69, "kds_not_found"},
      {"redirect", 69, "kds_redirected"},
      {"throttled_long", 75, "kds_throttled"},
      {"garbage", 65, "malformed_endorsement"},
      {"garbage_head", 65, "malformed_http"},
      {"other", 1, "chip_id_mismatch"},
  }));
  CAPTURE(fault.name);
  const Files files;
  const auto done = run_command(files.fetch(fault.name, files.report()));
  CAPTURE(done.output);
  CHECK(done.status == fault.status);
  CHECK(has(done.output, std::string("FAILED ") + fault.reason));
  CHECK(files.stored() == 0);
}

TEST_CASE("a server without TLS 1.3 leads to the way round it, which works") {
  const Files files;
  const auto done = run_command(files.fetch("ok", files.report(), "tls12"));
  CHECK(done.status == 69);
  CHECK(has(done.output, "no_tls13"));
  CHECK(has(done.output, "--fetch-command"));
  CHECK(has(done.output, "ratls collateral import"));
  const auto around = run_command(files.fetch(
      "ok",
      files.report() + "--fetch-command \"sh -c 'cat " + stand_in().file("answers/vcek") + "'\"",
      "tls12"));
  CAPTURE(around.output);
  CHECK(around.status == 0);
  CHECK(files.stored() == 1);
}

TEST_CASE("with the service down the list that is stored stays, and the user learns it") {
  const Files files;
  REQUIRE(run_command(files.fetch("ok", "--product milan --crl")).status == 0);
  const auto done = run_command(files.fetch("error_500", "--product milan --crl"));
  CHECK(done.status == 69);
  CHECK(has(done.output, "that is stored stays; valid until 2100-01-01T00:00:00Z"));
  CHECK(files.stored() == 1);
}

TEST_CASE("a simulator's answer is refused where no policy names it") {
  const Files files;
  const auto done = run_command(std::string(RATLS_TOOL) + " collateral fetch --store " +
                                files.path("store") + " --ca-file " + stand_in().ca_file() +
                                " --base-url " + stand_in().url("ok") + " " + files.report());
  CHECK(done.status == 1);
  CHECK(has(done.output, "simulated_not_allowed"));
  CHECK(files.stored() == 0);
}

TEST_CASE("what was not said clearly is refused before anything is asked") {
  const Files files;
  const auto before = stand_in().requests("/ok/").size();
  const auto status = [&](const std::string& more) {
    return run_command(files.fetch("ok", more)).status;
  };
  CHECK(status("") == 64);
  CHECK(status("--product rome --crl") == 64);
  CHECK(status("--chip-id 00") == 64);
  CHECK(status("--chip-id 00 --product milan --tcb 1/2/3/4") == 64);
  CHECK(status("--tcb 1/2/3/4 --product milan --crl") == 64);
  const std::string chip = "--chip-id " + kds_query().chip_id.hex() + " --product milan --tcb ";
  for (const std::string tcb : {"1/2/3", "1/2/3/4/5", "1/2/3/256", "1/2/3/", "a/b/c/d", "1//3/4"}) {
    CAPTURE(tcb);
    CHECK(status(chip + tcb) == 64);
  }
  CHECK(status("--report /nowhere/report.bin") == 66);
  CHECK(status("--report " + files.path("policy.json")) == 65);
  CHECK(status(files.report() + "--timeout 0") == 64);
  CHECK(status(files.report() + "--proxy socks5://localhost:1080") == 78);
  CHECK(status(files.report() + "--fetch-command \"curl 'x\"") == 78);
  CHECK(status(files.report() + "--fetch-command curl --proxy http://localhost:3128") == 78);
  CHECK(stand_in().requests("/ok/").size() == before);
}

TEST_CASE("doctor finds a key service that answers, and one that answers nonsense") {
  const Files files;
  const auto ask = [&](const std::string& fault) {
    return run_command(std::string(RATLS_TOOL) + " doctor --policy " + files.path("policy.json") +
                       " --ca-file " + stand_in().ca_file() + " --base-url " +
                       stand_in().url(fault, "good"));
  };
  const auto good = ask("ok");
  CAPTURE(good.output);
  CHECK(has(good.output, " ok    collateral        https://"));
  CHECK(has(good.output, " ms (SIMULATED)\n"));
  const auto bad = ask("garbage");
  CAPTURE(bad.output);
  CHECK(has(bad.output, " warn  collateral        AMD's key service: "));
}
