// Azure's confidential VMs, as far as a user can try them without one.

#include <catch2/catch_test_macros.hpp>

#include "tests/cli/tool.h"
#include "tests/support/sim_folder.h"

namespace ratls {

namespace {

using test::tool;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A simulated machine of its own, which no other test extends.
struct Machine {
  Machine() { REQUIRE(test::run_command("cp -r " + test::sim_folder() + " " + sim).status == 0); }
  /// A certificate with evidence of the guest as it is now.
  [[nodiscard]] std::string certificate(const std::string& name,
                                        const std::string& kind = "sim-azure:") const {
    const std::string path = folder.file(name);
    const auto made = tool("cert new --source " + kind + sim + " --replace --key-out " +
                           folder.file("key.pem") + " --cert-out " + path);
    INFO(made.output);
    REQUIRE(made.status == 0);
    return path;
  }
  [[nodiscard]] std::string policy() const {
    const std::string path = folder.file("policy.json");
    const auto made = tool("sim policy " + sim + " --azure --out " + path);
    INFO(made.output);
    REQUIRE(made.status == 0);
    return path;
  }
  void extend(const std::string& pcr) const {
    const auto done = tool("sim extend " + sim + " " + pcr + " " + std::string(64, 'a'));
    INFO(done.output);
    REQUIRE(done.status == 0);
  }

  test::TemporaryFolder folder;
  std::string sim = folder.file("sim");
};

}  // namespace

TEST_CASE("a simulated Azure guest is accepted with the PCRs of its policy, and with no others") {
  const Machine machine;
  const std::string policy = machine.policy();
  const std::string judge = "verify cert " + machine.certificate("a.pem") + " --policy " + policy;
  const auto good = tool(judge);
  INFO(good.output);
  CHECK(good.status == 0);
  CHECK(has(good.output, "PCRs 4, 7, 11 are as the policy wants them"));
  CHECK(has(good.output, "SIMULATED"));
  machine.extend("23");
  CHECK(tool("verify cert " + machine.certificate("b.pem") + " --policy " + policy).status == 0);
  machine.extend("11");
  const auto bad = tool("verify cert " + machine.certificate("c.pem") + " --policy " + policy);
  INFO(bad.output);
  CHECK(bad.status != 0);
  CHECK(has(bad.output, "REJECTED  pcr_not_allowed"));
  CHECK(tool(judge).status == 0);  // the guest of before, as it was
}

TEST_CASE("a policy for Azure's guests refuses others, and the other way round") {
  const Machine machine;
  const std::string plain = machine.folder.file("plain.json");
  REQUIRE(tool("sim policy " + machine.sim + " --out " + plain).status == 0);
  const auto azure = tool("verify cert " + machine.certificate("azure.pem") + " --policy " + plain);
  CHECK(has(azure.output, "REJECTED  pcr_policy_missing"));
  const auto other = tool("verify cert " + machine.certificate("other.pem", "sim:") + " --policy " +
                          machine.policy());
  CHECK(has(other.output, "REJECTED  tpm_quote_missing"));
}

TEST_CASE("an Azure guest's firmware that is updated shows in its next evidence") {
  const Machine machine;
  const std::string before = machine.certificate("before.pem");
  REQUIRE(tool("sim update " + machine.sim + " 4/0/28/223").status == 0);
  const std::string after = machine.certificate("after.pem");
  const std::string judge = " --policy " + machine.policy();
  CHECK(has(tool("verify cert " + before + judge).output, "bl 4 tee 0 snp 27 ucode 222 (floor"));
  const auto judged = tool("verify cert " + after + judge);
  CHECK(judged.status == 0);
  CHECK(has(judged.output, "bl 4 tee 0 snp 28 ucode 223 (floor"));
}

TEST_CASE("policy new makes the strict policy of an Azure guest from its certificate") {
  const Machine machine;
  const std::string certificate = machine.certificate("guest.pem");
  const std::string made_at = machine.folder.file("made.json");
  const std::string base = "policy new --from-cert " + certificate + " --covers image --out " +
                           made_at + " --simulators-of " + machine.policy();
  const auto made = tool(base + " --pcrs 4,7,16");
  INFO(made.output);
  REQUIRE(made.status == 0);
  CHECK(has(made.output, "SIMULATED"));
  CHECK(has(made.output, "PCR 16 can be reset by any program of the guest"));
  const auto words = tool("policy check " + made_at);
  CHECK(has(words.output, "PCR 7: "));
  CHECK_FALSE(has(words.output, "PCR 11: "));
  // Everything but the revocation list, which a strict policy demands.
  const auto judged = tool("verify cert " + certificate + " --policy " + made_at);
  INFO(judged.output);
  CHECK(has(judged.output, "ok    pcr values"));
  CHECK(has(judged.output, "REJECTED  crl_missing"));
}

TEST_CASE("collateral fetch reads chip and level out of an HCL report") {
  const Machine machine;
  const std::string hcl = machine.folder.file("hcl.bin");
  REQUIRE(tool("report --source sim-azure:" + machine.sim + " --out " + hcl).status == 0);
  const auto got = tool("collateral fetch --report " + hcl + " --store " +
                        machine.folder.file("store") + " --base-url https://127.0.0.1:1");
  INFO(got.output);
  CHECK(got.status == 69);
  CHECK(has(got.output, "VCEK of Milan chip"));
  CHECK(has(got.output, "bl 4 tee 0 snp 27 ucode 222"));
}

TEST_CASE("policy new refuses Azure's evidence that says too little, in words that help") {
  const Machine machine;
  const std::string azure = machine.certificate("azure.pem");
  const std::string plain = machine.certificate("plain.pem", "sim:");
  const std::string hcl = machine.folder.file("hcl.bin");
  REQUIRE(tool("report --source sim-azure:" + machine.sim + " --out " + hcl).status == 0);
  const std::string rest = " --covers firmware --out " + machine.folder.file("none") +
                           " --simulators-of " + machine.policy();
  const auto refused = [&](const std::string& what, int status, const std::string& words) {
    const auto got = tool("policy new " + what + rest);
    INFO(what << ": " << got.output);
    CHECK(got.status == status);
    CHECK(has(got.output, words));
  };
  refused("--from-cert " + azure, 1, "name the PCRs that count");
  refused("--from-cert " + azure + " --pcrs 4,24", 64, "0 to 23");
  refused("--from-cert " + azure + " --pcrs 4,4", 64, "each once");
  refused("--from-cert " + plain + " --pcrs 4", 78, "PCRs of a guest without a vTPM");
  refused("--from-report " + hcl, 1, "ratls cert new");
  refused("--from-report " + hcl + " --from-cert " + azure, 64, "--from-report or --from-cert");
  refused("", 64, "--from-report or --from-cert");
  refused("--from-cert " + hcl, 65, "malformed_certificate");
  CHECK_FALSE(test::read_file(machine.folder.file("none")));
}

TEST_CASE("policy new makes nothing of a certificate that no trusted chip stands behind") {
  const Machine machine;
  const auto got = tool("policy new --from-cert " + machine.certificate("guest.pem") +
                        " --pcrs 7 --covers firmware --out " + machine.folder.file("none"));
  INFO(got.output);
  CHECK(got.status == 1);
  CHECK(has(got.output, "REJECTED  simulated_not_allowed"));
  CHECK_FALSE(test::read_file(machine.folder.file("none")));
}

TEST_CASE("sim extend refuses what is no PCR or no digest") {
  const Machine machine;
  CHECK(tool("sim extend " + machine.sim + " 24 " + std::string(64, 'a')).status == 64);
  CHECK(tool("sim extend " + machine.sim + " 7 abc").status == 64);
  CHECK(tool("sim extend " + machine.folder.file("none") + " 7 " + std::string(64, 'a')).status ==
        66);
  test::write_file(machine.sim + "/azure-pcrs", as_bytes("short"));
  test::run_command("chmod 600 " + machine.sim + "/azure-pcrs");
  const auto damaged = tool("report --source sim-azure:" + machine.sim + " --out /dev/null");
  INFO(damaged.output);
  CHECK(damaged.status == 78);
  CHECK(has(damaged.output, "does not hold 24 PCRs"));
}

}  // namespace ratls
