#include "sev_guest_driver.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iostream>
#include <system_error>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sev-guest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ratls/core/reader.h>

namespace ratls::test {

namespace {

constexpr const char* kDevice = "/dev/sev-guest";
constexpr std::uint32_t kReport = 0xC0205300;
constexpr std::uint32_t kExtReport = 0xC0205302;
static_assert(SNP_GET_REPORT == kReport && SNP_GET_EXT_REPORT == kExtReport);
static_assert(sizeof(snp_guest_request_ioctl) == 32 && sizeof(snp_report_req) == 96);
static_assert(sizeof(snp_ext_report_req) == 112 && sizeof(snp_report_resp) == 4000);
static_assert(offsetof(snp_ext_report_req, certs_address) == 96);
static_assert(offsetof(snp_guest_request_ioctl, exitinfo2) == 24);

// openat, and ioctls of the driver's type, are told to the supervisor; all else goes its way.
int install_filter() {
  const std::uint32_t number = offsetof(seccomp_data, nr);
  const std::uint32_t request = offsetof(seccomp_data, args) + 8;
  std::array<sock_filter, 7> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, request),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xC0205300, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
}

/// Memory of the child.
class Memory {
 public:
  explicit Memory(pid_t pid) : pid_(pid) {}
  template <class T>
  bool read(std::uint64_t at, T& out) const {
    iovec here{&out, sizeof out};
    iovec there{to_pointer(at), sizeof out};
    return ::process_vm_readv(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(sizeof out);
  }
  bool write(std::uint64_t at, const void* from, std::size_t size) const {
    iovec here{const_cast<void*>(from), size};
    iovec there{to_pointer(at), size};
    return ::process_vm_writev(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
  }
  [[nodiscard]] std::string text(std::uint64_t at) const {
    std::array<char, 16> out{};
    return read(at, out) ? std::string(out.data(), ::strnlen(out.data(), out.size())) : "";
  }

 private:
  static void* to_pointer(std::uint64_t at) { return reinterpret_cast<void*>(at); }
  pid_t pid_;
};

/// The driver, one call after the other.
class Driver {
 public:
  Driver(const DriverFaults& faults, DriverLog& log, const MakeReport& make)
      : faults_(faults), log_(log), make_(make) {}

  /// 0 or an errno.
  int call(const Memory& memory, std::uint32_t number, std::uint64_t argument) {
    log_.calls.push_back(number);
    snp_guest_request_ioctl request{};
    if (!memory.read(argument, request)) return EFAULT;
    request.exitinfo2 = 0xff;
    const int code = answer(memory, number, request);
    memory.write(argument, &request, sizeof request);
    return code;
  }

 private:
  int violation(std::string what, int code) {
    log_.violations.push_back(std::move(what));
    return code;
  }

  int answer(const Memory& memory, std::uint32_t number, snp_guest_request_ioctl& request) {
    if (request.msg_version == 0) return violation("message version 0", EINVAL);
    if (wiped_) return ENOTTY;
    snp_ext_report_req wanted{};
    if (!memory.read(request.req_data, wanted.data)) return EFAULT;
    if (number == kExtReport && !memory.read(request.req_data, wanted)) return EFAULT;
    for (const std::uint8_t byte : wanted.data.rsvd) {
      if (byte != 0) return violation("reserved bytes", EINVAL);
    }
    if (const int code = next_code()) {
      wiped_ = faults_.wipes && code != EINTR && code != EAGAIN;
      request.exitinfo2 = faults_.exitinfo2;
      return code;
    }
    if (number == kExtReport) {
      if (const int code = give_table(memory, wanted, request)) return code;
    } else if (number != kReport) {
      return violation("another request", ENOTTY);
    }
    request.exitinfo2 = 0;
    return give_report(memory, request.resp_data, wanted.data);
  }

  int next_code() { return next_ < faults_.codes.size() ? faults_.codes[next_++] : 0; }

  // get_ext_report(): its own bounds first, then the host's wish for more pages.
  int give_table(const Memory& memory, snp_ext_report_req& wanted,
                 snp_guest_request_ioctl& request) {
    if (wanted.certs_len == 0 || wanted.certs_address == 0) return 0;
    if (wanted.certs_len > faults_.most || wanted.certs_len % 4096 != 0) {
      request.exitinfo2 = 0xff;
      return EINVAL;
    }
    if (faults_.demands && *faults_.demands > wanted.certs_len) {
      wanted.certs_len = *faults_.demands;
      memory.write(request.req_data, &wanted, sizeof wanted);
      request.exitinfo2 = std::uint64_t{SNP_GUEST_VMM_ERR_INVALID_LEN} << 32U;
      return EIO;
    }
    return memory.write(wanted.certs_address, faults_.table.data(), faults_.table.size()) ? 0
                                                                                          : EFAULT;
  }

  int give_report(const Memory& memory, std::uint64_t at, const snp_report_req& wanted) {
    Bytes data(std::begin(wanted.user_data), std::end(wanted.user_data));
    if (faults_.foreign) data[0] ^= 1U;
    const bool level = wanted.vmpl >= faults_.level && wanted.vmpl <= 3;
    Writer out;
    out.u32le(level ? faults_.status : 0x16).u32le(faults_.size).zeros(24);
    out.bytes(make_(data, wanted.vmpl));
    Bytes response = faults_.response.empty() ? std::move(out).take() : faults_.response;
    response.resize(sizeof(snp_report_resp));
    return memory.write(at, response.data(), response.size()) ? 0 : EFAULT;
  }

  const DriverFaults& faults_;
  DriverLog& log_;
  const MakeReport& make_;
  std::size_t next_ = 0;
  bool wiped_ = false;
};

/// Answers one notification.
class Supervisor {
 public:
  Supervisor(int listener, const DriverFaults& faults, DriverLog& log, const MakeReport& make)
      : listener_(listener), faults_(faults), log_(log), driver_(faults, log, make) {}

  void run() {
    pollfd waiting{listener_, POLLIN, 0};
    while (::poll(&waiting, 1, 20'000) > 0 && (waiting.revents & POLLIN) != 0) one();
  }

 private:
  void one() {
    seccomp_notif got{};
    if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &got) != 0) return;
    const Memory memory(static_cast<pid_t>(got.pid));
    if (got.data.nr == __NR_openat) {
      open(got, memory.text(got.data.args[1]));
      return;
    }
    const int code =
        driver_.call(memory, static_cast<std::uint32_t>(got.data.args[1]), got.data.args[2]);
    respond(got, -code, 0);
  }

  void open(const seccomp_notif& got, const std::string& path) {
    if (path != kDevice) {
      respond(got, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
      return;
    }
    ++log_.opened;
    if (faults_.open != 0) {
      respond(got, -faults_.open, 0);
      return;
    }
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    seccomp_notif_addfd add{};
    add.id = got.id;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    add.srcfd = static_cast<std::uint32_t>(null);
    add.newfd_flags = O_CLOEXEC;
    ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    ::close(null);
  }

  void respond(const seccomp_notif& got, int error, std::uint32_t flags) const {
    seccomp_notif_resp answer{};
    answer.id = got.id;
    answer.error = error;
    answer.flags = flags;
    ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }

  int listener_;
  const DriverFaults& faults_;
  DriverLog& log_;
  Driver driver_;
};

[[noreturn]] void live_in_child(int told, int output, int go,
                                const std::function<std::string()>& work) {
  const int listener = install_filter();
  if (::write(told, &listener, sizeof listener) != sizeof listener) ::_exit(9);
  char ready = 0;
  if (listener < 0 || ::read(go, &ready, 1) != 1) ::_exit(9);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  const std::string result = work();
  const ssize_t count = ::write(output, result.data(), result.size());
  ::_exit(count == static_cast<ssize_t>(result.size()) ? 0 : 9);
}

std::string drain(int from) {
  std::string out;
  std::array<char, 4096> chunk{};
  ssize_t count = 0;
  while ((count = ::read(from, chunk.data(), chunk.size())) > 0) {
    out.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return out;
}

}  // namespace

std::string why_no_notification() {
  static const std::string why = [] {
    DriverLog log;
    const std::string said = with_driver({}, log, [] { return std::string("works"); });
    return said == "works" ? std::string() : said;
  }();
  return why;
}

std::string with_driver(const DriverFaults& faults, DriverLog& log,
                        const std::function<std::string()>& work, const MakeReport& make) {
  std::array<int, 2> told{};
  std::array<int, 2> output{};
  std::array<int, 2> go{};
  if (::pipe(told.data()) != 0 || ::pipe(output.data()) != 0 || ::pipe(go.data()) != 0)
    return "pipe";
  const pid_t child = ::fork();
  if (child == 0) live_in_child(told[1], output[1], go[0], work);
  for (const int end : {told[1], output[1], go[0]}) ::close(end);
  int number = -1;
  std::string result = "no filter of seccomp with notification";
  const ssize_t count = ::read(told[0], &number, sizeof number);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  int listener = -1;
  if (count == sizeof number && number >= 0) {
    listener = static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0));
    if (listener < 0) result = "pidfd_getfd: " + std::generic_category().message(errno);
  }
  if (listener >= 0 && ::write(go[1], "g", 1) == 1) {
    Supervisor(listener, faults, log, make).run();
    result = drain(output[0]);
  }
  for (const int end : {told[0], output[0], go[1], pidfd, listener}) {
    if (end >= 0) ::close(end);
  }
  ::waitpid(child, nullptr, 0);
  return result;
}

}  // namespace ratls::test
