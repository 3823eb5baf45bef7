// The rules about a machine's firmware and a guest's ID block, each with its own reason.

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

Simulated with(const std::function<void(sim::ReportOptions&)>& change) {
  SimulatedOptions options;
  options.report = change;
  return Simulated(options);
}

Verdict judge(const Simulated& world, const Result<Policy>& policy) {
  const FixedClock clock(test::kNow);
  return Verifier(policy.value(), clock).verify_report(world.file()).verdict;
}

std::string reason(const Simulated& world, const Result<Policy>& policy) {
  const Verdict verdict = judge(world, policy);
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

snp::Tcb floor_of() {
  return test::tcb_of(sim::Product::milan, sim::recent_firmware(sim::Product::milan).reported);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr snp::Product kMilan = snp::Product::milan;

}  // namespace

TEST_CASE("a guest launched on old firmware is refused where the policy has a launch floor") {
  const Simulated world = with([](auto& report) { report.firmware.launch.snp -= 1; });
  CHECK(reason(world, world.policy().build()) == "accepted");
  const auto verdict = judge(world, world.policy().launch_at_floor().build());
  CHECK(verdict.reason == Reason::launch_tcb_below_floor);
  CHECK(has(verdict.find("launch_tcb")->hint, "snp is 1 short of 27 at launch"));
  auto lower = floor_of();
  lower.snp = static_cast<std::uint8_t>(lower.snp - 1);
  CHECK(reason(world, world.policy().launch_floor(kMilan, lower).build()) == "accepted");
}

TEST_CASE("a launch TCB above the current one is refused where the policy says so") {
  const Simulated world = with([](auto& report) { report.firmware.launch.microcode += 1; });
  CHECK(reason(world, world.policy().launch_at_floor().build()) == "accepted");
  CHECK(reason(world, world.policy().launch_at_most_current().build()) == "launch_tcb_order");
  const Simulated equal;
  CHECK(reason(equal, equal.policy().launch_at_most_current().build()) == "accepted");
}

TEST_CASE("the firmware's version counts for CURRENT and for COMMITTED") {
  const Simulated world;  // 1.55.35
  const auto at = [&](const Simulated& judged, snp::FirmwareVersion least) {
    return judge(judged, judged.policy().min_firmware(kMilan, least).build());
  };
  CHECK(at(world, {1, 55, 35}).accepted);
  CHECK(at(world, {1, 54, 255}).accepted);
  CHECK(at(world, {1, 55, 36}).reason == Reason::firmware_below_minimum);
  CHECK(at(world, {1, 56, 0}).reason == Reason::firmware_below_minimum);
  CHECK(at(world, {2, 0, 0}).reason == Reason::firmware_below_minimum);
  const Simulated provisional =
      with([](auto& report) { report.firmware.committed_version.build = 34; });
  const auto verdict = at(provisional, {1, 55, 35});
  CHECK(verdict.reason == Reason::firmware_below_minimum);
  CHECK(verdict.find("firmware")->got == "committed 1.55.34");
  CHECK(has(verdict.find("firmware")->hint, "commit"));
}

TEST_CASE("a mitigation that the policy demands must be in force, now and at launch") {
  const Simulated world;  // both vectors are 0x0b
  const auto demand = [&](std::uint64_t current, std::uint64_t launch) {
    return judge(world, world.policy().mitigations(current, launch).build());
  };
  CHECK(demand(0x0b, 0x0b).accepted);
  CHECK(demand(0x02, 0).accepted);
  const auto verdict = demand(0x04, 0x10);
  CHECK(verdict.reason == Reason::mitigation_missing);
  CHECK(verdict.find("mitigations")->hint ==
        "bit 2 of the current vector must be set; bit 4 of the launch vector must be set");
  CHECK(demand(std::uint64_t{1} << 63U, 0).reason == Reason::mitigation_missing);
}

TEST_CASE("before report version 5 every mitigation counts as missing") {
  const Simulated world = with([](auto& report) { report.version = 3; });
  CHECK(reason(world, world.policy().mitigations(0, 0).build()) == "accepted");
  const auto verdict = judge(world, world.policy().mitigations(1, 0).build());
  CHECK(verdict.reason == Reason::mitigation_missing);
  CHECK(has(verdict.find("mitigations")->got, "report version 3 has no mitigation vectors"));
}

TEST_CASE("a guest that would start on an older firmware ABI is refused") {
  const Simulated world = with([](auto& report) { report.launch.policy |= 0x0133; });  // 1.51
  CHECK(reason(world, world.policy().min_abi({1, 51}).build()) == "accepted");
  CHECK(reason(world, world.policy().min_abi({0, 255}).build()) == "accepted");
  CHECK(reason(world, world.policy().min_abi({1, 52}).build()) == "guest_abi_below_minimum");
  CHECK(reason(world, world.policy().min_abi({2, 0}).build()) == "guest_abi_below_minimum");
}

TEST_CASE("family, image and SVN of the ID block are judged by their own rules") {
  const Simulated world = with([](auto& report) {
    report.launch.family_id.mutable_view()[0] = 3;
    report.launch.image_id.mutable_view()[0] = 4;
    report.launch.guest_svn = 7;
  });
  const snp::FamilyId family(std::array<std::uint8_t, 16>{3});
  const snp::ImageId image(std::array<std::uint8_t, 16>{4});
  CHECK(reason(world, world.policy().only_families({family}).build()) == "accepted");
  CHECK(reason(world, world.policy().only_families({snp::FamilyId()}).build()) ==
        "family_id_not_allowed");
  CHECK(reason(world, world.policy().only_images({snp::ImageId(), image}).build()) == "accepted");
  CHECK(reason(world, world.policy().only_images({snp::ImageId()}).build()) ==
        "image_id_not_allowed");
  CHECK(reason(world, world.policy().min_guest_svn(7).build()) == "accepted");
  const auto verdict = judge(world, world.policy().min_guest_svn(9).build());
  CHECK(verdict.reason == Reason::guest_svn_below_minimum);
  CHECK(has(verdict.find("guest_svn")->hint, "2 short"));
}

TEST_CASE("a denied chip is refused though any chip is allowed") {
  const Simulated world;
  const auto chip = *snp::ChipId::from(ByteView(world.report).subspan(0x1a0, 64));
  CHECK(reason(world, world.policy().deny_chips({snp::ChipId(), chip}).build()) == "chip_denied");
  CHECK(reason(world, world.policy().deny_chips({snp::ChipId()}).build()) == "accepted");
}

TEST_CASE("a VLEK report that hides its chip may come from a denied one, and is refused") {
  SimulatedOptions options;
  options.vlek = true;
  options.report = [](auto& report) { report.chip_id = {}; };
  const Simulated world(options);
  CHECK(reason(world, world.policy().build()) == "accepted");
  const snp::ChipId other(std::array<std::uint8_t, 64>{9});
  const auto verdict = judge(world, world.policy().deny_chips({other}).build());
  CHECK(verdict.reason == Reason::chip_denied);
  CHECK(verdict.find("denied_chip")->got == "CHIP_ID is hidden");
}

}  // namespace ratls
