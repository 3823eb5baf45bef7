// The tool in front of a kernel's file system: what a user of configfs-tsm sees.
#include <ratls/core/reader.h>
#include <catch2/catch_test_macros.hpp>

#include "../support/files.h"
#include "../support/sim_world.h"
#include "kernel/fuse_mount.h"

using namespace ratls;
using namespace ratls::test;

namespace {

void need_mounts() {
  if (const auto why = why_no_mounts(); !why.empty()) {
    SKIP("no FUSE in a mount namespace of our own here: " + why);
  }
}

CommandResult tool(const std::string& arguments) {
  return run_command(std::string(RATLS_TOOL) + " " + arguments);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A guest whose firmware signs as the simulator's does, behind the kernel's file system.
struct Guest {
  Guest() {
    Writer out;
    const Bytes& leaf = processor->endorsement();
    out.bytes(*from_hex("63da758de6644564adc5f4b93be8accd")).u32le(48);
    out.u32le(static_cast<std::uint32_t>(leaf.size())).zeros(24).bytes(leaf);
    faults.table = std::move(out).take();
  }
  [[nodiscard]] MakeReport firmware() {
    return [this](ByteView data, unsigned) {
      return processor->get(*ReportData::from(data)).value().report;
    };
  }

  SimWorld world;
  std::unique_ptr<sim::Processor> processor = world.processor();
  TsmFaults faults;
};

}  // namespace

TEST_CASE("ratls report takes report and certificate from configfs-tsm, and both verify") {
  need_mounts();
  Guest guest;
  TsmKernel kernel(guest.faults, guest.firmware());
  const TsmMount mount(kernel);
  const TemporaryFolder folder;
  const auto policy = sim::policy_json(guest.world.authority(), guest.world.policy_options());
  write_file(folder.file("policy.json"), as_bytes(policy.value()));
  const std::string data(128, '7');
  const auto made = tool("report --report-data " + data + " --out " + folder.file("r") +
                         " --certs " + folder.file("c"));
  CAPTURE(made.output);
  REQUIRE(made.status == 0);
  const auto judged =
      tool("verify report " + folder.file("r") + " --endorsement " + folder.file("c") +
           " --policy " + folder.file("policy.json") + " --report-data " + data);
  CAPTURE(judged.output);
  CHECK(judged.status == 0);
  CHECK(has(judged.output, "ACCEPTED"));
}

TEST_CASE("ratls doctor names configfs-tsm as the door, with provider and level, and asks once") {
  need_mounts();
  Guest guest;
  guest.faults.floor = 1;
  guest.faults.svsm = true;
  TsmKernel kernel(guest.faults, guest.firmware());
  const TsmMount mount(kernel);
  const auto quiet = tool("doctor --offline");
  CAPTURE(quiet.output);
  CHECK(quiet.status == 0);
  CHECK(has(quiet.output, " ok    provider          sev_guest\n"));
  CHECK(has(quiet.output, "\"vmpl\": [1]"));
  CHECK(has(quiet.output, "--source configfs (or auto)"));
  CHECK(kernel.reports() == 0);
  CHECK(kernel.entries().empty());
  const auto asked = tool("doctor --offline --report");
  CAPTURE(asked.output);
  CHECK(asked.status == 0);
  CHECK(has(asked.output, " ok    report            version 5, VMPL 0, from configfs in "));
  CHECK(kernel.reports() == 1);
}

TEST_CASE("ratls doctor with --report ends as the report did") {
  need_mounts();
  TsmFaults faults;
  faults.read["outblob"] = {ENOTTY, -1};
  TsmKernel kernel(faults);
  const TsmMount mount(kernel);
  const auto got = tool("doctor --offline --report");
  CAPTURE(got.output);
  CHECK(got.status == 71);
  CHECK(has(got.output, "docs/reasons.md#firmware_gone"));
}
