// The tool on a machine that looks like Azure's: a software TPM with a paravisor's report, and a
// metadata service at its address in a network of its own.

#include <thread>

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/core/base64.h>
#include <ratls/core/json.h>

#include "tests/cli/tool.h"
#include "tests/support/sim_world.h"
#include "tests/support/swtpm.h"

namespace ratls {

namespace {

constexpr std::size_t kIndexSize = 2048;  // the most that swtpm has; Azure's holds 2600 bytes
constexpr sim::Tcb kUpdated{0, 4, 0, 28, 223};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Nothing is tested where a part of it is missing, and the test says which.
class Machine {
 public:
  Machine() : tpm_(test::SwTpm::start()) {
    if (tpm_ == nullptr) SKIP("swtpm or tpm2-tools is not installed");
    const auto asked = test::tool("report --out /dev/null --source " + source());
    if (has(asked.output, "no TPM support")) SKIP("this build has no tpm2-tss (RATLS_TPM)");
    runtime_ = sim::runtime_data_json(tpm_->make_ak());
    const auto processor = world_.processor();
    tpm_->define("0x01400001", kIndexSize, hcl(*processor));
    serve(processor->endorsement());
    test::write_file(file("vcek.der"), processor->endorsement());
    sim::PolicyOptions options = world_.policy_options();
    options.tpm_pcrs = {{4, Sha256Digest()}, {7, Sha256Digest()}};
    test::write_file(policy(), as_bytes(sim::policy_json(world_.authority(), options).value()));
  }

  [[nodiscard]] std::string source() const { return "azure-vtpm:" + tpm_->tcti(); }
  [[nodiscard]] std::string tcti() const { return tpm_->tcti(); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string policy() const { return file("policy.json"); }
  [[nodiscard]] std::string certificate() const { return file("cert.pem"); }
  /// "cert new" of this machine.
  [[nodiscard]] std::string cert_new() const {
    return "cert new --source " + source() + " --key-out " + file("key.pem") + " --cert-out " +
           certificate() + " ";
  }

  /// The host updates its firmware, and the paravisor has a report of it.
  void update() {
    auto options = world_.guest();
    auto& firmware = options.report.firmware;
    firmware.current = firmware.committed = firmware.reported = kUpdated;
    test::write_file(tpm_->file("updated"), padded(hcl(*world_.processor(options))));
    tpm_->tool("tpm2_nvwrite -Q -C o -i updated 0x01400001");
  }
  void remove_key() { tpm_->tool("tpm2_evictcontrol -Q -C o -c 0x81000003"); }

  /// Where the metadata service answers.
  [[nodiscard]] test::CommandResult tool(const std::string& arguments) const {
    const auto got =
        test::run_command("unshare -rn python3 " RATLS_SOURCE_DIR "/tests/cli/with_thim.py " +
                          file("thim.json") + " " RATLS_TOOL " " + arguments);
    if (got.status == 4 || has(got.output, "unshare:")) {
      SKIP("no network namespace of its own can be made here");
    }
    return got;
  }
  /// Where no network is at all.
  [[nodiscard]] static test::CommandResult lonely(const std::string& arguments) {
    const auto got = test::run_command("timeout 90 unshare -rn " RATLS_TOOL " " + arguments);
    if (has(got.output, "unshare:")) SKIP("no network namespace of its own can be made here");
    return got;
  }

 private:
  Bytes hcl(sim::Processor& processor) const {
    const auto report = processor.get(sim::paravisor_report_data(as_bytes(runtime_))).value();
    return sim::encode_hcl_report(report.report, as_bytes(runtime_));
  }
  static Bytes padded(Bytes bytes) {
    bytes.resize(kIndexSize);
    return bytes;
  }
  void serve(ByteView leaf) const {
    const std::string pem =
        "-----BEGIN CERTIFICATE-----\n" + to_base64(leaf) + "\n-----END CERTIFICATE-----\n";
    test::write_file(file("thim.json"),
                     as_bytes("{\"vcekCert\":" + json::quoted(pem) + ",\"tcbm\":\"00\"}"));
  }

  test::SimWorld world_;
  test::TemporaryFolder folder_;
  std::unique_ptr<test::SwTpm> tpm_;
  std::string runtime_;
};

}  // namespace

TEST_CASE("on an Azure machine the doctor finds each link of the door") {
  Machine machine;
  const auto good = machine.tool("doctor --tcti " + machine.tcti());
  INFO(good.output);
  CHECK(has(good.output, " ok    azure vtpm        it answers"));
  CHECK(has(good.output, " ok    azure report "));
  CHECK(has(good.output, " ok    azure key "));
  CHECK(has(good.output, " ok    azure endorsement the metadata service has this machine's VCEK"));
  CHECK(has(good.output, "--source azure-vtpm"));
  const auto lonely = Machine::lonely("doctor --tcti " + machine.tcti() + " --report");
  INFO(lonely.output);
  CHECK(has(lonely.output, " warn  azure endorsement the metadata service"));
  CHECK(has(lonely.output, "169.254.169.254, port 80"));
  CHECK(has(lonely.output, " ok    report "));
  CHECK(has(lonely.output, " warn  endorsement       evidence goes out without a VCEK"));
  const auto offline = test::tool("doctor --offline --tcti " + machine.tcti());
  CHECK(has(offline.output, " skip  azure endorsement the metadata service was not asked"));
  machine.remove_key();
  const auto keyless = test::tool("doctor --offline --tcti " + machine.tcti());
  INFO(keyless.output);
  CHECK(keyless.status == 71);
  CHECK(has(keyless.output, " FAIL  azure key         the TPM holds no key at 0x81000003"));
  CHECK(has(keyless.output, "fix   restart the VM"));
  const auto nothing = test::tool("doctor --offline --tcti swtpm:path=/nonexistent");
  CHECK(nothing.status == 71);
  CHECK(has(nothing.output, " FAIL  azure vtpm        "));
}

TEST_CASE("cert new on an Azure machine staples the VCEK, and verify cert accepts the pair") {
  Machine machine;
  const auto made = machine.tool(machine.cert_new());
  INFO(made.output);
  REQUIRE(made.status == 0);
  CHECK_FALSE(has(made.output, "SIMULATED"));
  const auto judged = test::tool("verify cert " + machine.certificate() + " --policy " +
                                 machine.policy() + " --at 2026-11-23T00:00:00Z");
  INFO(judged.output);
  CHECK(judged.status == 0);
  CHECK(has(judged.output, "PCRs 4, 7 are as the policy wants them"));
}

TEST_CASE("without its metadata service an Azure machine attests all the same, and says so") {
  Machine machine;
  const auto made = Machine::lonely(machine.cert_new());
  INFO(made.output);
  REQUIRE(made.status == 0);
  CHECK(has(made.output, "ratls: evidence goes out without a VCEK"));
  CHECK(has(made.output, "ratls collateral fetch"));
  const auto judged =
      test::tool("verify cert " + machine.certificate() + " --policy " + machine.policy());
  CHECK(has(judged.output, "REJECTED  missing_endorsement"));
  const auto given = test::tool("verify cert " + machine.certificate() + " --policy " +
                                machine.policy() + " --endorsement " + machine.file("vcek.der"));
  INFO(given.output);
  CHECK(given.status == 0);
  const auto report = Machine::lonely("report --source " + machine.source() + " --out " +
                                      machine.file("hcl.bin") + " --certs " + machine.file("none"));
  CHECK(report.status == 69);
  CHECK(has(test::tool("inspect report " + machine.file("hcl.bin")).output, "hcl_header_version"));
}

TEST_CASE("cert new makes another pair when the firmware inside the paravisor's report is newer") {
  Machine machine;
  const std::string log = machine.file("log");
  const std::string script = machine.file("hook");
  // Ends the tool after the second pair.
  test::write_file(script, as_bytes("echo pair >> " + log + "; test $(wc -l < " + log +
                                    ") -lt 2 || kill $PPID\n"));
  test::CommandResult ended;
  std::thread runner(
      [&] { ended = Machine::lonely(machine.cert_new() + "--watch-firmware 1 -- sh " + script); });
  while (!test::read_file(log)) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  machine.update();
  runner.join();
  INFO(ended.output);
  CHECK(has(ended.output, "the firmware's level (REPORTED_TCB) changed"));
}

}  // namespace ratls
