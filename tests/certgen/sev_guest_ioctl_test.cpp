// /dev/sev-guest through real system calls, answered by another process.
#include <ratls/certgen/sev_guest_source.h>

#include <cerrno>

#include <unistd.h>

#include <ratls/core/reader.h>
#include <catch2/catch_test_macros.hpp>

#include "../support/files.h"
#include "../support/sim_world.h"
#include "kernel/sev_guest_driver.h"

using namespace ratls;
using namespace ratls::test;

namespace {

constexpr const char* kVcek = "63da758de6644564adc5f4b93be8accd";
constexpr const char* kVlek = "a8074bc2a25a483eaae639c045a0b8a1";
constexpr std::uint32_t kReport = 0xC0205300;
constexpr std::uint32_t kExtReport = 0xC0205302;

void need_notification() {
  if (const auto why = why_no_notification(); !why.empty()) {
    SKIP("no system calls can be answered here: " + why);
  }
}

ReportData some_data() {
  ReportData out;
  out.mutable_view()[0] = 0x5a;
  out.mutable_view()[63] = 0xa5;
  return out;
}

std::string words(const Result<AttestationReport>& got) {
  if (!got) return std::string(code(got.error().reason())) + ": " + got.error().detail();
  const auto echoed = ByteView(got->report).subspan(0x50, 64);
  if (!equal_ct(echoed, some_data().view())) return "another report";
  return "report" + (got->endorsement ? " with " + to_string(*got->endorsement) : "");
}

/// So many requests, one after the other; a line each.
std::string ask(const DriverFaults& faults, DriverLog& log, int times = 1,
                const MakeReport& make = unsigned_report) {
  const auto work = [&] {
    const auto source = SevGuestSource::open();
    if (!source) return std::string(code(source.error().reason())) + ": " + source.error().detail();
    std::string out;
    for (int i = 0; i < times; ++i)
      out += (i == 0 ? "" : "\n") + words((*source)->get(some_data()));
    return out;
  };
  return with_driver(faults, log, work, make);
}

Bytes table(const char* guid, const std::string& contents) {
  Writer out;
  out.bytes(*from_hex(guid)).u32le(48).u32le(static_cast<std::uint32_t>(contents.size()));
  return std::move(out.zeros(24).bytes(as_bytes(contents))).take();
}

// KEY_INFO's SIGNING_KEY is 1.
Bytes vlek_report(ByteView data, unsigned level) {
  Bytes out = unsigned_report(data, level);
  out[0x48] = 1U << 2U;
  return out;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

constexpr std::uint64_t from_host(std::uint64_t code) {
  return code << 32U;
}

struct Row {
  int code;
  std::uint64_t exitinfo2;
  const char* reason;
  const char* says;
};

}  // namespace

TEST_CASE("a report crosses the system call, with the leaf that its key names") {
  need_notification();
  DriverFaults faults;
  DriverLog log;
  CHECK(ask(faults, log) == "report");
  faults.table = table(kVcek, "vcek");
  CHECK(ask(faults, log) == "report with vcek");
  CHECK(ask(faults, log, 1, vlek_report) == "report");
  faults.table = table(kVlek, "vlek");
  CHECK(ask(faults, log, 1, vlek_report) == "report with vlek");
  faults.table = Bytes(0x4000, 0xff);
  CHECK(ask(faults, log) == "report");
  CHECK(log.calls == std::vector<std::uint32_t>(5, kExtReport));
  CHECK(log.violations.empty());
}

TEST_CASE("a table that does not fit is asked for once more, and then left out") {
  need_notification();
  DriverFaults faults;
  faults.table = table(kVcek, "vcek");
  faults.demands = 0x5000;
  DriverLog grown;
  faults.most = 0x10000;
  CHECK(ask(faults, grown) == "report with vcek");
  CHECK(grown.calls == std::vector<std::uint32_t>{kExtReport, kExtReport});
  DriverLog refused;
  faults.most = 0x4000;  // Linux
  CHECK(ask(faults, refused) == "report");
  CHECK(refused.calls == std::vector<std::uint32_t>{kExtReport, kExtReport, kReport});
  DriverLog hostile;
  faults.demands = 0xffffffff;
  CHECK(ask(faults, hostile) == "report");
  CHECK(hostile.calls == std::vector<std::uint32_t>{kExtReport, kReport});
  for (const auto& log : {grown, refused, hostile}) CHECK(log.violations.empty());
}

TEST_CASE("each code of driver, host and firmware is told in words") {
  need_notification();
  const std::vector<Row> rows{
      {EIO, 0x01, "io_error", "the platform is in another state"},
      {EIO, 0x02, "io_error", "this guest is in another state"},
      {EIO, 0x15, "io_error", "does not know the request"},
      {EIO, 0x16, "io_error", "invalid parameter"},
      {EIO, 0x17, "io_error", "no room"},
      {EIO, 0x1d, "io_error", "count of messages"},
      {EIO, 0x27, "io_error", "a VLEK is not loaded"},
      {EIO, 0x99, "io_error", "code 00000099"},
      {EIO, 0xff, "io_error", "it was not reached"},
      {EIO, 0xffffffff, "io_error", "it was not reached"},
      {EIO, from_host(2), "firmware_throttled", "busy (throttled)"},
      {EIO, from_host(0xffffffff), "io_error", "an error that it does not name"},
      {EIO, from_host(7), "io_error", "the host code 00000007"},
      {ETIMEDOUT, from_host(2), "firmware_throttled", "wipes its key"},
      {EBUSY, 0xff, "firmware_throttled", "/dev/sev-guest"},
      {EAGAIN, 0xff, "firmware_throttled", "/dev/sev-guest"},
      {ENOTTY, 0xff, "firmware_gone", "wiped the key"},
      {EBADMSG, 0xff, "io_error", "the answer was not the firmware's"},
      {EINVAL, 0xff, "io_error", "Invalid argument"},
      {EFAULT, 0xff, "io_error", "Bad address"},
      {ENOSR, 0xff, "io_error", "/dev/sev-guest"},
      {ENOMEM, 0xff, "io_error", "memory"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code, row.exitinfo2);
    DriverFaults faults;
    faults.codes = {row.code};
    faults.exitinfo2 = row.exitinfo2;
    DriverLog log;
    const std::string got = ask(faults, log);
    CHECK(has(got, row.reason));
    CHECK(has(got, row.says));
    CHECK(log.calls.size() == 1);
  }
}

TEST_CASE("after a failure the kernel has no key: that is final, and nobody asks again") {
  need_notification();
  DriverFaults faults;
  faults.codes = {ETIMEDOUT};
  faults.exitinfo2 = from_host(2);
  DriverLog log;
  const std::string got = ask(faults, log, 4);
  CHECK(got.starts_with("firmware_throttled: "));
  CHECK(has(got, "\nfirmware_gone: /dev/sev-guest: Inappropriate ioctl"));
  CHECK(has(got, "\nfirmware_gone: /dev/sev-guest: its key was wiped before"));
  CHECK(log.calls.size() == 2);  // the timeout, and the one that found no key
}

TEST_CASE("an interrupted call goes on, and a busy driver is left alone") {
  need_notification();
  DriverFaults faults;
  faults.codes = {EINTR, EINTR};
  DriverLog log;
  CHECK(ask(faults, log) == "report");
  CHECK(log.calls.size() == 3);
  faults.codes = {EAGAIN};
  DriverLog busy;
  CHECK(has(ask(faults, busy, 2), "firmware_throttled"));
  CHECK(busy.calls.size() == 2);
}

TEST_CASE("an answer that is refused, of another size, or for somebody else is no report") {
  need_notification();
  DriverLog log;
  DriverFaults faults;
  faults.status = 0x16;
  CHECK(has(ask(faults, log), "io_error: the firmware refused the request: invalid parameter"));
  faults.status = 0x27;
  CHECK(has(ask(faults, log), "a VLEK is not loaded"));
  faults = {};
  faults.size = 1183;
  CHECK(has(ask(faults, log), "malformed_report: "));
  faults.size = 0xffffffff;
  CHECK(has(ask(faults, log), "malformed_report: "));
  faults = {};
  faults.foreign = true;
  CHECK(has(ask(faults, log), "report_echo_mismatch: "));
}

TEST_CASE("a device that may not be opened, or is gone, is told apart") {
  need_notification();
  DriverLog log;
  DriverFaults faults;
  faults.open = EACCES;
  CHECK(has(ask(faults, log), "udev rule"));
  faults.open = ENODEV;
  CHECK(has(ask(faults, log), "modprobe sev-guest"));
  CHECK(log.opened == 2);
  CHECK(log.calls.empty());
}

TEST_CASE("an answer that a real machine gave is read") {
  need_notification();
  const auto vectors = shared_vectors();
  if (!vectors) SKIP("no genuine evidence here");
  DriverFaults faults;
  faults.response = read_file(*vectors + "/ioctl/snp_report_resp-4000.bin").value();
  const auto asked = *ReportData::from(ByteView(faults.response).subspan(32 + 0x50, 64));
  DriverLog log;
  const auto work = [&] {
    auto source = SevGuestSource::open();
    const auto got = (*source)->get(asked);
    return got ? to_hex(got->report) : got.error().message();
  };
  CHECK(with_driver(faults, log, work) == to_hex(ByteView(faults.response).subspan(32, 1184)));
}

TEST_CASE("ratls report and ratls doctor work through the device") {
  need_notification();
  SimWorld world;
  const auto processor = world.processor();
  DriverFaults faults;
  faults.table = table(kVcek, to_string(processor->endorsement()));
  const MakeReport make = [&](ByteView data, unsigned) {
    return processor->get(*ReportData::from(data)).value().report;
  };
  const TemporaryFolder folder;
  const auto run = [&](std::vector<std::string> words) {
    DriverLog log;
    const auto work = [&]() -> std::string {
      std::vector<char*> arguments;
      words.insert(words.begin(), RATLS_TOOL);
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execv(RATLS_TOOL, arguments.data());
      return "no exec";
    };
    return with_driver(faults, log, work, make);
  };
  const auto report = folder.file("report");
  const auto leaf = folder.file("leaf");
  CHECK(run({"report", "--source", "sev-guest", "--out", report, "--certs", leaf}).empty());
  const auto policy = sim::policy_json(world.authority(), world.policy_options()).value();
  write_file(folder.file("policy"), as_bytes(policy));
  const auto judged = run_command(std::string(RATLS_TOOL) + " verify report " + report +
                                  " --endorsement " + leaf + " --policy " + folder.file("policy"));
  CAPTURE(judged.output);
  CHECK(judged.status == 0);
  const auto said = run({"doctor", "--offline", "--report"});
  CHECK(has(said, " ok    sev guest device  /dev/sev-guest can be opened\n"));
  CHECK(has(said, " ok    report            version 5, VMPL 0, from sev-guest in "));
}
