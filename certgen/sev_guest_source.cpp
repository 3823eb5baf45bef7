#include <ratls/certgen/sev_guest_source.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/sev-guest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ratls/certgen/certificate_table.h>
#include <ratls/certgen/detail/endorsement_of.h>
#include <ratls/certgen/detail/sev_guest_words.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

namespace ratls {

namespace {

constexpr const char* kLevelFile = "/sys/devices/system/cpu/sev/vmpl";
constexpr std::size_t kPage = 4096;
constexpr std::size_t kFirstTable = 4 * kPage;
constexpr std::size_t kHeader = 32;  // MSG_REPORT_RSP: status, size, 24 reserved (AMD 56860)

Error failed(int code, const snp_guest_request_ioctl& request) {
  const auto firmware = static_cast<std::uint32_t>(request.exitinfo2 & 0xffffffffU);
  const auto host = static_cast<std::uint32_t>(request.exitinfo2 >> 32U);
  const std::string detail = "/dev/sev-guest: " + detail::driver_words(code) +
                             "; the firmware said " + detail::firmware_words(firmware) +
                             ", the host " + detail::host_words(host);
  if (code == ENOTTY) return Error(Reason::firmware_gone, detail);
  if (host == SNP_GUEST_VMM_ERR_BUSY || code == EAGAIN || code == EBUSY || code == ETIMEDOUT) {
    return Error(Reason::firmware_throttled, detail);
  }
  return Error(Reason::io_error, detail);
}

/// The three structures of one request, which point at each other.
struct Request {
  Request(const ReportData& data, unsigned level, std::size_t table_size) : table(table_size) {
    copy_bytes(data.view(), extended.data.user_data);
    extended.data.vmpl = level;
    extended.certs_address = address_of(table.data());
    extended.certs_len = static_cast<std::uint32_t>(table.size());
    ioctl.msg_version = 1;
    ioctl.req_data = address_of(&extended);
    ioctl.resp_data = address_of(&response);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() = default;

  template <class T>
  static std::uint64_t address_of(T* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
  }

  Bytes table;
  snp_ext_report_req extended{};
  snp_report_resp response{};
  snp_guest_request_ioctl ioctl{};
};

Result<Bytes> report_in(const snp_report_resp& response) {
  Reader in(response.data, Reason::malformed_report);
  RATLS_TRY(const std::uint32_t status, in.u32le("status"));
  if (status != 0) {
    return Error(Reason::io_error,
                 "the firmware refused the request: " + detail::firmware_words(status));
  }
  RATLS_TRY(const std::uint32_t size, in.u32le("report size"));
  if (size != kSnpReportSize) {
    return Error(Reason::malformed_report,
                 "the firmware gave a report of " + std::to_string(size) + " bytes, not 1184");
  }
  RATLS_TRY(const ByteView skipped, in.bytes(kHeader - 8, "header"));
  static_cast<void>(skipped);
  RATLS_TRY(const ByteView report, in.bytes(size, "report"));
  return Bytes(report.begin(), report.end());
}

// The host's table does not fit. No key is wiped by that, and the host says how much it needs.
bool lacks_room(int code, const Request& request) {
  const auto host = static_cast<std::uint32_t>(request.ioctl.exitinfo2 >> 32U);
  return code != 0 && host == SNP_GUEST_VMM_ERR_INVALID_LEN;
}

std::size_t room_for(const Request& request) {
  return (request.extended.certs_len + kPage - 1) / kPage * kPage;
}

int ask_without_table(const SevGuestSource::Ioctl& ioctl, const ReportData& data, unsigned level,
                      std::unique_ptr<Request>& request) {
  request = std::make_unique<Request>(data, level, 0);
  return ioctl(SNP_GET_REPORT, &request->ioctl);
}

// The level that this guest runs at; a request for a lower one is refused, which costs the key.
unsigned level_in(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;  // no SVSM: the file is as old as the kernel's support for one
  char digit = 0;
  const ssize_t count = ::read(fd, &digit, 1);
  ::close(fd);
  return count == 1 && digit >= '0' && digit <= '3' ? static_cast<unsigned>(digit - '0') : 0;
}

}  // namespace

SevGuestSource::SevGuestSource(Ioctl ioctl, unsigned level)
    : ioctl_(std::move(ioctl)), level_(level) {}

SevGuestSource::~SevGuestSource() = default;

Result<std::unique_ptr<SevGuestSource>> SevGuestSource::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    const int code = errno;
    const std::string detail = path + ": " + std::generic_category().message(code);
    const bool forbidden = code == EACCES || code == EPERM;
    return Error(Reason::no_report_device,
                 detail + (forbidden ? "; run as root, or give this user the device by a udev rule"
                                     : "; not an SEV-SNP guest, or its driver is not loaded "
                                       "(modprobe sev-guest)"));
  }
  const std::shared_ptr<const int> owned(new int(fd), [](const int* owner) {
    ::close(*owner);
    delete owner;
  });
  const auto ioctl = [owned](unsigned long request, void* argument) {
    int result = 0;
    do {
      result = ::ioctl(*owned, request, argument);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
  };
  return std::make_unique<SevGuestSource>(ioctl, level_in(kLevelFile));
}

Result<AttestationReport> SevGuestSource::get(const ReportData& data) {
  if (gone_) return Error(Reason::firmware_gone, "/dev/sev-guest: its key was wiped before");
  auto request = std::make_unique<Request>(data, level_, kFirstTable);
  int code = ioctl_(SNP_GET_EXT_REPORT, &request->ioctl);
  if (lacks_room(code, *request) && room_for(*request) > kFirstTable &&
      room_for(*request) <= kMaxCertificateTable) {
    request = std::make_unique<Request>(data, level_, room_for(*request));
    code = ioctl_(SNP_GET_EXT_REPORT, &request->ioctl);
    // Today's driver takes 16 KiB at most, and says so before it asks anybody.
    if (code == EINVAL) code = ask_without_table(ioctl_, data, level_, request);
  } else if (lacks_room(code, *request)) {
    code = ask_without_table(ioctl_, data, level_, request);
  }
  if (code != 0) {
    gone_ = code == ENOTTY;
    return failed(code, request->ioctl);
  }
  RATLS_TRY(Bytes report, report_in(request->response));
  return detail::with_endorsement(std::move(report), request->table, data);
}

}  // namespace ratls
