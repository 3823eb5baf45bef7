// `ratls doctor`, as a user runs it, on a folder that stands for the machine.

#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tool.h"

using namespace ratls;
using namespace ratls::test;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A guest with Debian 12's kernel: only the device, where it is there.
class Guest {
 public:
  explicit Guest(bool with_device) {
    file("/proc/sys/kernel/osrelease", "6.1.0-37-cloud-amd64\n");
    file("/sys/devices/platform/sev-guest/uevent", "");
    if (!with_device) return;
    file("/sys/bus/platform/drivers/sev-guest/uevent", "");
    file("/dev/sev-guest", "");
  }
  [[nodiscard]] std::string ask(const std::string& more) const {
    return "doctor --root " + folder_.path() + " " + more;
  }

 private:
  void file(const std::string& path, const std::string& text) {
    const std::filesystem::path whole = folder_.path() + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("doctor ends with 0 where a door is open, and names it") {
  const auto got = tool(Guest(true).ask("--offline"));
  CAPTURE(got.output);
  CHECK(got.status == 0);
  CHECK(has(got.output, " ok    guest             SEV-SNP guest"));
  CHECK(has(got.output, " ok    sev guest device  /dev/sev-guest can be opened\n"));
  CHECK(has(got.output, " skip  collateral        --offline\n"));
  CHECK(has(got.output, "READY      reports can be had: --source sev-guest (or auto)\n"));
}

TEST_CASE("doctor ends with 71 where no door is, and says what opens one") {
  const auto got = tool(Guest(false).ask("--offline"));
  CAPTURE(got.output);
  CHECK(got.status == 71);
  CHECK(has(got.output, "fix   modprobe sev-guest"));
  CHECK(has(got.output, "NOT READY  no door to the firmware"));
}

TEST_CASE("a key service that cannot be reached is a warning, in bounded time") {
  const auto got = tool(Guest(true).ask("--base-url https://127.0.0.1:1"));
  CAPTURE(got.output);
  CHECK(got.status == 0);
  CHECK(has(got.output, " warn  collateral        AMD's key service: connection_failed"));
  CHECK(has(got.output, "ratls collateral import"));
}

TEST_CASE("with --report the reason of the source decides the exit code") {
  // This machine has no door, or else gives a report; the folder is looked at only for the rest.
  const auto got = tool(Guest(true).ask("--offline --report --json"));
  const auto parsed = json::parse(got.output);
  CHECK(parsed["exit_code"] == got.status);
  bool asked = false;
  for (const auto& check : parsed["checks"]) asked = asked || check["id"] == "report";
  CHECK(asked);
}

TEST_CASE("doctor's JSON conforms to its published schema") {
  const std::string lines = tool_out(Guest(true).ask("--offline --json")).output +
                            tool_out(Guest(false).ask("--offline --json")).output +
                            tool_out(Guest(true).ask("--offline --json --report")).output +
                            tool_out("doctor --offline --json").output;
  const TemporaryFolder folder;
  write_file(folder.file("lines"), as_bytes(lines));
  const std::string root = RATLS_SOURCE_DIR;
  const auto result = run_command("python3 " + root + "/tests/verify/validate.py " + root +
                                  "/docs/schema/doctor.schema.json " + folder.file("lines"));
  if (result.status == 69) SKIP(result.output);
  CAPTURE(result.output);
  CHECK(result.status == 0);
  CHECK(has(result.output, "4 conform"));
}

TEST_CASE("a report that no door gives points to the doctor") {
  const auto got = tool("report --source sev-guest --out /dev/null");
  CAPTURE(got.output);
  if (got.status == 0) SKIP("this machine gives reports");
  CHECK(got.status == 71);
  CHECK(has(got.output, "what is in the way: ratls doctor\n"));
}
