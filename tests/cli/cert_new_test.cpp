// cert new, as a user meets it.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/sim/policy_text.h>
#include <ratls/core/signing_key.h>
#include <ratls/core/x509.h>

#include "tests/cli/tool.h"
#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::TemporaryFolder;
using test::tool;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Folder {
  TemporaryFolder folder;
  std::string key = folder.file("key.pem");
  std::string certificate = folder.file("cert.pem");
  std::string command = "cert new --source sim:" + test::sim_folder() + " --key-out " + key +
                        " --cert-out " + certificate + " ";

  [[nodiscard]] Bytes spki_of_certificate() const {
    const auto read = Certificate::parse_der_or_pem(test::read_file(certificate).value(),
                                                    Reason::malformed_certificate);
    REQUIRE(read);
    return {read->spki().begin(), read->spki().end()};
  }
};

}  // namespace

TEST_CASE("cert new makes a private key and a certificate that verify cert accepts at level key") {
  const Folder files;
  const auto made = tool(files.command);
  INFO(made.output);
  CHECK(made.status == 0);
  CHECK(has(made.output, "SIMULATED"));
  struct stat about {};
  REQUIRE(::stat(files.key.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600);
  const auto pem = SecretBytes::copy_of(test::read_file(files.key).value()).value();
  const auto key = SigningKey::import_pem(pem).value();
  CHECK(Bytes(key.spki().begin(), key.spki().end()) == files.spki_of_certificate());
  const std::string policy = files.folder.file("policy.json");
  sim::PolicyOptions accepted;
  accepted.products = {sim::Product::milan};
  test::write_file(policy, as_bytes(sim::policy_json(test::authority(), accepted).value()));
  const auto judged = tool("verify cert " + files.certificate + " --policy " + policy);
  INFO(judged.output);
  CHECK(judged.status == 0);
  CHECK(has(judged.output, "level \"key\" is bound to none"));
}

TEST_CASE("cert new overwrites nothing unless it is told to, and then makes another key") {
  const Folder files;
  REQUIRE(tool(files.command).status == 0);
  const Bytes first = files.spki_of_certificate();
  const auto again = tool(files.command);
  CHECK(again.status == 78);
  CHECK(has(again.output, "say --replace"));
  CHECK(files.spki_of_certificate() == first);
  REQUIRE(tool(files.command + "--replace").status == 0);
  CHECK(files.spki_of_certificate() != first);
}

TEST_CASE("cert new runs the command after each pair, and says how it failed") {
  const Folder files;
  const std::string copy = files.folder.file("copy.pem");
  REQUIRE(tool(files.command + "-- cp " + files.certificate + " " + copy).status == 0);
  CHECK(test::read_file(copy) == test::read_file(files.certificate));
  const auto failing = tool(files.command + "--replace -- false");
  CHECK(failing.status == 69);
  CHECK(has(failing.output, "false ended with exit code 1; the new key and certificate are"));
  CHECK(tool(files.command + "--replace -- /does/not/exist").status == 69);
}

TEST_CASE("cert new --renew makes a new pair on its timer until it is stopped") {
  const Folder files;
  const std::string log = files.folder.file("log");
  const auto ended =
      test::run_command("timeout 3 " + std::string(RATLS_TOOL) + " " + files.command +
                        "--renew 1 -- sh -c 'sha256sum " + files.certificate + " >> " + log + "'");
  CHECK(ended.status == 124);
  const auto sums = test::run_command("sort -u " + log + " | wc -l").output;
  INFO(ended.output);
  CHECK(std::stoi(sums) >= 2);
}

TEST_CASE("cert new --renew runs a failing command again, over the same pair, until it succeeds") {
  const Folder files;
  const std::string log = files.folder.file("log");
  const std::string script = files.folder.file("hook");
  // Fails twice, then succeeds: after 0, 1 and 3 seconds.
  test::write_file(script, as_bytes("sha256sum " + files.certificate + " >> " + log +
                                    "; test $(wc -l < " + log + ") -ge 3\n"));
  const auto ended = test::run_command("timeout 6 " + std::string(RATLS_TOOL) + " " +
                                       files.command + "--renew 3600 -- sh " + script);
  INFO(ended.output);
  CHECK(ended.status == 124);
  CHECK(test::run_command("wc -l < " + log).output == "3\n");
  CHECK(test::run_command("sort -u " + log + " | wc -l").output == "1\n");
  CHECK(has(ended.output, "sh ended with exit code 1; it will be run again"));
}

TEST_CASE("cert new --renew goes on to the next pair where the command never succeeds") {
  const Folder files;
  const std::string log = files.folder.file("log");
  const auto ended = test::run_command("timeout 5 " + std::string(RATLS_TOOL) + " " +
                                       files.command + "--renew 2 -- sh -c 'sha256sum " +
                                       files.certificate + " >> " + log + "; false'");
  INFO(ended.output);
  CHECK(ended.status == 124);
  CHECK(std::stoi(test::run_command("sort -u " + log + " | wc -l").output) >= 2);
  // Two runs a pair at most (after 0 and 1 seconds): no storm of attempts.
  CHECK(std::stoi(test::run_command("wc -l < " + log).output) <= 6);
  CHECK(has(ended.output, "it is run again after the next pair"));
}

TEST_CASE("cert new kills a command that never ends") {
  const Folder files;
  const auto made = tool(files.command + "--hook-timeout 1 -- sleep 60");
  CHECK(made.status == 69);
  CHECK(has(made.output, "sleep was killed: it went on for more than 1 s"));
  CHECK(test::read_file(files.certificate));
}

TEST_CASE(
    "cert new --watch-firmware makes a new pair when the host updated its firmware, not before") {
  const Folder files;
  const std::string simulator = files.folder.file("sim");
  REQUIRE(test::run_command("cp -r " + test::sim_folder() + " " + simulator).status == 0);
  const std::string log = files.folder.file("log");
  const std::string before = files.folder.file("before.pem");
  const std::string tool = RATLS_TOOL;
  // The first pair runs the command at once; then the firmware is left alone for two looks.
  const auto ended = test::run_command(
      "(timeout 8 " + tool + " cert new --source sim:" + simulator + " --key-out " + files.key +
      " --cert-out " + files.certificate + " --watch-firmware 1 -- sh -c 'echo new >> " + log +
      "' & sleep 3.5; cp " + files.certificate + " " + before + "; cat " + log + " | wc -l; " +
      tool + " sim update " + simulator + " 4/0/28/223; sleep 2.5; kill %1; wait; cat " + log +
      " | wc -l)");
  INFO(ended.output);
  CHECK(has(ended.output, "\n1\n"));
  CHECK(ended.output.ends_with("2\n"));
  CHECK(has(ended.output, "the firmware's level (REPORTED_TCB) changed"));
  CHECK(has(test::tool("inspect cert " + before).output, "ucode 222"));
  CHECK(has(test::tool("inspect cert " + files.certificate).output, "ucode 223"));
  const std::string policy = files.folder.file("policy.json");
  sim::PolicyOptions accepted;
  accepted.products = {sim::Product::milan};
  test::write_file(policy, as_bytes(sim::policy_json(test::authority(), accepted).value()));
  const auto judged = test::tool("verify cert " + files.certificate + " --policy " + policy);
  INFO(judged.output);
  CHECK(judged.status == 0);
}

TEST_CASE("a tool that holds keys leaves no core dump, and locks its memory where it may") {
  const Folder files;
  const auto seen = test::run_command(
      std::string(RATLS_TOOL) + " " + files.command + "--renew 60 & p=$!; while ! test -s " +
      files.certificate +
      "; do sleep 0.1; done; grep 'Max core' /proc/$p/limits; grep -e VmLck -e VmRSS -e CapEff "
      "/proc/$p/status; kill $p");
  INFO(seen.output);
  CHECK(has(seen.output, "Max core file size        0                    0"));
  const bool may_lock = ::geteuid() == 0 && has(seen.output, "CapEff:\t000001ff");
  if (may_lock) CHECK_FALSE(has(seen.output, "VmLck:\t       0 kB"));
}

TEST_CASE("cert new refuses sources that do not exist and one file for both") {
  const Folder files;
  CHECK(tool("cert new --source sim:/does/not/exist --key-out " + files.key + " --cert-out " +
             files.certificate)
            .status == 78);
  CHECK(tool("cert new --source sim:x --key-out k --cert-out k").status == 64);
  CHECK_FALSE(test::read_file(files.key));
  CHECK_FALSE(test::read_file(files.certificate));
}

}  // namespace ratls
