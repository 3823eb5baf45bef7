// configfs-tsm as a file system at its own path, with one thing wrong at a time.
#include <ratls/certgen/configfs_source.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include <unistd.h>

#include <ratls/certgen/detail/tsm_files.h>
#include <ratls/certgen/open_source.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "kernel/fuse_mount.h"
#include "kernel/sev_guest_driver.h"
#include "kernel/tsm_matrix.h"

using namespace ratls;
using test::Passed;
using test::passes;
using test::refusals;
using test::Refused;
using test::table;
using test::TsmFaults;
using test::TsmKernel;
using test::TsmMount;
using test::with;

namespace {

void need_mounts() {
  if (const auto why = test::why_no_mounts(); !why.empty()) {
    SKIP("no FUSE in a mount namespace of our own here: " + why);
  }
}

ReportData some_data() {
  ReportData out;
  out.mutable_view()[0] = 0x5a;
  out.mutable_view()[63] = 0xa5;
  return out;
}

Result<AttestationReport> ask() {
  auto source = open_report_source("auto");
  REQUIRE(source);
  CHECK((*source)->name() == "configfs");
  return (*source)->get(some_data());
}

}  // namespace

TEST_CASE("every fault of the kernel's file system has its reason, and leaves no entry behind") {
  need_mounts();
  for (const Refused& row : refusals()) {
    DYNAMIC_SECTION(row.name) {
      TsmKernel kernel(row.faults);
      const TsmMount mount(kernel);
      const auto got = ask();
      REQUIRE_FALSE(got);
      CAPTURE(got.error().message());
      CHECK(got.error().reason() == row.reason);
      CHECK(got.error().message().find(row.says) != std::string::npos);
      CHECK((kernel.entries().empty() || row.faults.vanish));
    }
  }
}

TEST_CASE("what can be borne is borne: the report is ours, and no entry is left") {
  need_mounts();
  for (const Passed& row : passes()) {
    DYNAMIC_SECTION(row.name) {
      TsmKernel kernel(row.faults);
      const TsmMount mount(kernel);
      const auto got = ask();
      if (!got) FAIL(got.error().message());
      CHECK(equal_ct(ByteView(got->report).subspan(0x50, 64), some_data().view()));
      CHECK(got->endorsement.has_value() == row.leaf);
      CHECK(kernel.entries().empty());
    }
  }
}

TEST_CASE("the matrix has its forty cases and more") {
  CHECK(refusals().size() + passes().size() >= 50);
}

TEST_CASE("a kernel below an SVSM gives a report for the lowest level that it allows") {
  need_mounts();
  TsmKernel kernel(with([](TsmFaults& f) {
    f.floor = 2;
    f.svsm = true;
  }));
  const TsmMount mount(kernel);
  REQUIRE(ask());
  CHECK(kernel.last_level() == 2);
}

TEST_CASE("one report costs one request to the firmware, with its certificates") {
  need_mounts();
  TsmKernel kernel(with([](TsmFaults& f) { f.table = table(48, 4, "leaf"); }));
  const TsmMount mount(kernel);
  REQUIRE(ask());
  CHECK(kernel.reports() == 1);
  CHECK(kernel.made() == 1);
}

TEST_CASE("a real second writer never gets its data into a report of ours") {
  need_mounts();
  TsmKernel kernel;
  const TsmMount mount(kernel);
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread vandal([&] {
    while (!stop) {
      for (const std::string& entry : kernel.entries()) {
        std::ofstream(std::string(detail::kTsmFolder) + "/" + entry + "/inblob")
            << std::string(64, 'x') << std::flush;
        ++written;
      }
    }
  });
  int served = 0;
  for (int i = 0; i < 30; ++i) {
    const auto got = ask();
    if (!got) {
      CHECK(got.error().reason() == Reason::report_echo_mismatch);
      continue;
    }
    ++served;
    CHECK(equal_ct(ByteView(got->report).subspan(0x50, 64), some_data().view()));
  }
  stop = true;
  vandal.join();
  CAPTURE(served, written.load());
  CHECK(written > 0);
  CHECK(kernel.entries().empty());
}

TEST_CASE("without the folder, configfs is named with what is missing, and auto takes the device") {
  need_mounts();
  // In the namespace the folder is there, so it is asked for elsewhere.
  ConfigfsSource source(detail::tsm_files("/sys/kernel/config/nothing"));
  const auto got = source.get(some_data());
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::no_report_device);
  CHECK(got.error().message().find("modprobe sev-guest") != std::string::npos);
}

TEST_CASE("auto takes the device for a user who may write only there") {
  need_mounts();
  if (const auto why = test::why_no_notification(); !why.empty()) SKIP(why);
  if (::getuid() != 0) SKIP("only root can try what another user may do");
  TsmKernel kernel;
  const TsmMount mount(kernel);
  const auto ask_as = [](uid_t user) {
    test::DriverLog log;
    return test::with_driver({}, log, [&]() -> std::string {
      if (::setresuid(user, user, user) != 0) return "no other user";
      const auto source = open_report_source("auto");
      return source ? std::string((*source)->name()) : source.error().message();
    });
  };
  CHECK(ask_as(0) == "configfs");
  CHECK(ask_as(65534) == "sev-guest");
}
