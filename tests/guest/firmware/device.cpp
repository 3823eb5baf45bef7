#define FUSE_USE_VERSION 34
#include "device.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fuse3/cuse_lowlevel.h>
#include <linux/sev-guest.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <ratls/core/reader.h>

namespace ratls::test {

namespace {

constexpr std::uint32_t kGetReport = SNP_GET_REPORT;  // 0xC0205300
constexpr std::uint32_t kGetExtReport = SNP_GET_EXT_REPORT;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostTable = 4 * kPage;      // SEV_FW_BLOB_MAX_SIZE of the driver
constexpr std::uint64_t kNotReached = 0xffffffff;  // exitinfo2 where no firmware was asked

Firmware& firmware_of(fuse_req_t request) {
  return *static_cast<Firmware*>(fuse_req_userdata(request));
}

Bytes& session_of(fuse_file_info* file) {
  return *reinterpret_cast<Bytes*>(file->fh);
}

void open(fuse_req_t request, fuse_file_info* file) {
  file->fh = reinterpret_cast<std::uint64_t>(new Bytes());
  fuse_reply_open(request, file);
}

void release(fuse_req_t request, fuse_file_info* file) {
  delete &session_of(file);
  fuse_reply_err(request, 0);
}

void write(fuse_req_t request, const char* from, std::size_t size, off_t, fuse_file_info* file) {
  const ByteView wanted = as_bytes(std::string_view(from, size));
  if (size != 1 + ReportData::kSize) {
    fuse_reply_err(request, EINVAL);
    return;
  }
  const Answer answer = firmware_of(request).answer(wanted[0], wanted.subspan(1));
  // The only status that Firmware gives is INVALID_PARAM, and sev-guest makes EINVAL of it.
  if (const int code = answer.status != 0 ? EINVAL : answer.code) {
    fuse_reply_err(request, code);
    return;
  }
  Writer out;
  out.bytes(answer.report).bytes(firmware_of(request).table());
  session_of(file) = std::move(out).take();
  fuse_reply_write(request, size);
}

void read(fuse_req_t request, std::size_t size, off_t, fuse_file_info* file) {
  const Bytes& answer = session_of(file);
  const auto* const bytes = reinterpret_cast<const char*>(answer.data());
  fuse_reply_buf(request, bytes, std::min(size, answer.size()));
}

/// One call of ioctl. CUSE copies from and to the caller's memory what the last answer named, so
/// that each structure is read before it is known where the next one lies.
class Call {
 public:
  Call(fuse_req_t request, std::uint32_t number, void* argument, ByteView in)
      : request_(request), extended_(number == kGetExtReport), argument_(argument), in_(in) {}

  void go() {
    if (!take(ioctl_)) return need({{argument_, sizeof ioctl_}}, {});
    const std::size_t size = extended_ ? sizeof wanted_ : sizeof wanted_.data;
    const std::vector<iovec> in{{argument_, sizeof ioctl_}, {at(ioctl_.req_data), size}};
    if (!take(wanted_, size)) return need(in, {});
    if (ioctl_.msg_version == 0) return fail(EINVAL, kNotReached);
    if (wanted_.certs_len > kMostTable || wanted_.certs_len % kPage != 0)
      return fail(EINVAL, kNotReached);
    if (!with_room_) return need(in, room());
    give();
  }
  /// Says that the caller's memory can be written to: the third round.
  Call& with_room(bool yes) {
    with_room_ = yes;
    return *this;
  }

 private:
  static void* at(std::uint64_t address) { return reinterpret_cast<void*>(address); }

  template <class T>
  bool take(T& out, std::size_t size = sizeof(T)) {
    if (in_.size() < size) return false;
    std::memcpy(&out, in_.data(), size);
    in_ = in_.subspan(size);
    return true;
  }

  void need(const std::vector<iovec>& in, const std::vector<iovec>& out) {
    fuse_reply_ioctl_retry(request_, in.data(), in.size(), out.data(), out.size());
  }

  [[nodiscard]] std::vector<iovec> room() const {
    std::vector<iovec> out{{argument_, sizeof ioctl_},
                           {at(ioctl_.resp_data), sizeof(snp_report_resp)}};
    if (wanted_.certs_len != 0) out.push_back({at(wanted_.certs_address), wanted_.certs_len});
    return out;
  }

  void fail(int code, std::uint64_t firmware_says) {
    ioctl_.exitinfo2 = firmware_says;
    if (with_room_) {
      fuse_reply_ioctl(request_, -code, &ioctl_, sizeof ioctl_);
    } else {
      fuse_reply_err(request_, code);
    }
  }

  void give() {
    Firmware& firmware = firmware_of(request_);
    const Answer answer = firmware.answer(wanted_.data.vmpl, wanted_.data.user_data);
    if (answer.code != 0) return fail(answer.code, kNotReached);
    const Bytes& table = firmware.table();
    if (wanted_.certs_len != 0 && table.size() > wanted_.certs_len)
      return fail(EIO, std::uint64_t{SNP_GUEST_VMM_ERR_INVALID_LEN} << 32U);
    ioctl_.exitinfo2 = 0;
    Writer head;
    head.u32le(answer.status).u32le(static_cast<std::uint32_t>(answer.report.size())).zeros(24);
    Bytes response = std::move(head.bytes(answer.report)).take();
    response.resize(sizeof(snp_report_resp));
    std::vector<iovec> out{{&ioctl_, sizeof ioctl_}, {response.data(), response.size()}};
    Bytes padded = table;
    padded.resize(wanted_.certs_len);
    if (!padded.empty()) out.push_back({padded.data(), padded.size()});
    fuse_reply_ioctl_iov(request_, 0, out.data(), static_cast<int>(out.size()));
  }

  fuse_req_t request_;
  bool extended_;
  bool with_room_ = false;
  void* argument_;
  ByteView in_;
  snp_guest_request_ioctl ioctl_{};
  snp_ext_report_req wanted_{};
};

void ioctl(fuse_req_t request, int number, void* argument, fuse_file_info*, unsigned flags,
           const void* in, std::size_t in_size, std::size_t out_size) {
  const auto wanted = static_cast<std::uint32_t>(number);
  if ((flags & FUSE_IOCTL_COMPAT) != 0 || (wanted != kGetReport && wanted != kGetExtReport)) {
    fuse_reply_err(request, ENOTTY);
    return;
  }
  const ByteView bytes(static_cast<const std::uint8_t*>(in), in_size);
  Call(request, wanted, argument, bytes).with_room(out_size != 0).go();
}

}  // namespace

int serve_device(const std::string& name, Firmware& firmware) {
  cuse_lowlevel_ops operations{};
  operations.open = open;
  operations.release = release;
  operations.read = read;
  operations.write = write;
  operations.ioctl = ioctl;
  const std::string device = "DEVNAME=" + name;
  std::array<const char*, 1> words{device.c_str()};
  cuse_info info{};
  info.dev_info_argc = static_cast<unsigned>(words.size());
  info.dev_info_argv = words.data();
  info.flags = CUSE_UNRESTRICTED_IOCTL;
  std::string program = "guest_firmware";
  std::string foreground = "-f";
  std::string one_thread = "-s";
  std::array<char*, 3> arguments{program.data(), foreground.data(), one_thread.data()};
  return cuse_lowlevel_main(static_cast<int>(arguments.size()), arguments.data(), &info,
                            &operations, &firmware);
}

}  // namespace ratls::test
