#include <ratls/certgen/sev_guest_source.h>

#include <cerrno>
#include <string>

#include <linux/sev-guest.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>
#include <sys/ioctl.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ratls;

namespace {

ReportData some_data() {
  ReportData out;
  out.mutable_view()[63] = 0xa5;
  return out;
}

/// The driver's side.
struct Driver {
  int code = 0;
  std::uint32_t firmware = 0;
  std::uint32_t host = 0;
  std::uint32_t status = 0;
  std::uint32_t size = kSnpReportSize;
  std::uint32_t table_size = 0;  ///< what the host has; more than the buffer is asked again
  std::uint32_t most = 65536;    ///< that this driver takes
  bool foreign = false;
  int calls = 0;

  int operator()(unsigned long number, void* argument) {
    ++calls;
    // SNP_GET_EXT_REPORT and SNP_GET_REPORT, as the kernel's header has them
    CHECK((number == 0xC0205302 || number == 0xC0205300));
    auto& request = *static_cast<snp_guest_request_ioctl*>(argument);
    CHECK(request.msg_version == 1);
    auto& wanted = *reinterpret_cast<snp_ext_report_req*>(request.req_data);
    auto& response = *reinterpret_cast<snp_report_resp*>(request.resp_data);
    if (number == SNP_GET_EXT_REPORT && wanted.certs_len > most) return EINVAL;
    CHECK((number == SNP_GET_REPORT || wanted.certs_len % 4096 == 0));
    if (number == SNP_GET_EXT_REPORT && table_size > wanted.certs_len) {
      wanted.certs_len = table_size;
      request.exitinfo2 = std::uint64_t{SNP_GUEST_VMM_ERR_INVALID_LEN} << 32U;
      return EIO;
    }
    request.exitinfo2 = (std::uint64_t{host} << 32U) | firmware;
    if (code != 0) return code;
    Writer report;
    report.u32le(status).u32le(size).zeros(24).zeros(0x50).bytes(wanted.data.user_data);
    const Bytes out = std::move(report.zeros(kSnpReportSize - 0x50 - 64)).take();
    copy_bytes(out, std::span(response.data).first(out.size()));
    if (foreign) response.data[32 + 0x50] ^= 1U;
    return 0;
  }
};

}  // namespace

TEST_CASE("the device's report covers what was asked") {
  Driver driver;
  SevGuestSource source(std::ref(driver));
  const auto got = source.get(some_data());
  REQUIRE(got);
  CHECK(got->report.size() == kSnpReportSize);
  CHECK(got->report[0x50 + 63] == 0xa5);
  CHECK_FALSE(got->endorsement);
  CHECK(driver.calls == 1);
}

TEST_CASE("a host with more certificates gets a larger buffer, once, and within limits") {
  Driver driver;
  SevGuestSource source(std::ref(driver));
  driver.table_size = 5 * 4096;
  CHECK(source.get(some_data()));
  CHECK(driver.calls == 2);
}

TEST_CASE("certificates that no driver takes are left out, and the report is there") {
  Driver driver;
  driver.most = 4 * 4096;  // as Linux has it
  SevGuestSource source(std::ref(driver));
  SECTION("more than the driver takes") {
    driver.table_size = 5 * 4096;
  }
  SECTION("a length that no host means") {
    driver.table_size = 0xffffffff;
  }
  const auto got = source.get(some_data());
  REQUIRE(got);
  CHECK_FALSE(got->endorsement);
  CHECK(driver.calls <= 3);
}

TEST_CASE("each failure of the device has its reason") {
  struct Fault {
    int code;
    std::uint32_t firmware;
    std::uint32_t host;
    Reason reason;
    const char* says;
  };
  const auto fault = GENERATE(
      Fault{EIO, 0, SNP_GUEST_VMM_ERR_BUSY, Reason::firmware_throttled, "busy (throttled)"},
      Fault{EAGAIN, 0, 0, Reason::firmware_throttled, "/dev/sev-guest"},
      Fault{ETIMEDOUT, 0, 0, Reason::firmware_throttled, "/dev/sev-guest"},
      Fault{EIO, 0x16, 0, Reason::io_error, "invalid parameter"},
      Fault{EIO, 0x27, 0, Reason::io_error, "VLEK"},
      Fault{EIO, 0x99, 0, Reason::io_error, "code 00000099"},
      Fault{EINVAL, 0, 0, Reason::io_error, "Invalid argument"});
  Driver driver;
  driver.code = fault.code;
  driver.firmware = fault.firmware;
  driver.host = fault.host;
  SevGuestSource source(std::ref(driver));
  const auto got = source.get(some_data());
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == fault.reason);
  CHECK(got.error().message().find(fault.says) != std::string::npos);
}

TEST_CASE("a wiped key is final: the device is not asked again") {
  Driver driver;
  driver.code = ENOTTY;
  SevGuestSource source(std::ref(driver));
  CHECK(source.get(some_data()).error().reason() == Reason::firmware_gone);
  driver.code = 0;
  CHECK(source.get(some_data()).error().reason() == Reason::firmware_gone);
  CHECK(driver.calls == 1);
}

TEST_CASE("a response that is refused, short, or for somebody else gives no report") {
  Driver driver;
  SevGuestSource source(std::ref(driver));
  SECTION("refused") {
    driver.status = 0x16;
    CHECK(source.get(some_data()).error().reason() == Reason::io_error);
  }
  SECTION("short") {
    driver.size = 1183;
    CHECK(source.get(some_data()).error().reason() == Reason::malformed_report);
  }
  SECTION("for somebody else") {
    driver.foreign = true;
    CHECK(source.get(some_data()).error().reason() == Reason::report_echo_mismatch);
  }
}

TEST_CASE("without the device the error says what it may be") {
  const auto got = SevGuestSource::open("/dev/no-such-sev-guest");
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::no_report_device);
  CHECK(got.error().message().find("modprobe sev-guest") != std::string::npos);
}
