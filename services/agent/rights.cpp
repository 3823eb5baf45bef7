#include <ratls/services/agent/rights.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ratls::agent {

namespace {

Error not_dropped(const std::string& what) {
  const int code = errno;
  return Error(Reason::isolation_failed, what + ": " + std::generic_category().message(code));
}

// What a file with capabilities could bring back. Without CAP_SETPCAP the set stays, and
// no_new_privs alone keeps it from counting.
void empty_bounding_set() {
  for (int each = 0; ::prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each) {
    static_cast<void>(::prctl(PR_CAPBSET_DROP, each, 0, 0, 0));
  }
}

Result<void> drop_capabilities() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return not_dropped("ambient capabilities");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return not_dropped("capabilities");
  return {};
}

Result<void> become(const Account& account) {
  const bool dropped = ::setgroups(0, nullptr) == 0 &&
                       ::setresgid(account.gid, account.gid, account.gid) == 0 &&
                       ::setresuid(account.uid, account.uid, account.uid) == 0;
  if (dropped && ::setresuid(0, 0, 0) != 0) return {};
  return Error(Reason::isolation_failed, "the rights of root cannot be dropped");
}

// /dev/tpm0, /dev/tpmrm0, and whatever other numbers there are.
std::vector<std::string> tpms() {
  std::vector<std::string> out{"/dev/tpm0", "/dev/tpmrm0"};  // also where /dev cannot be listed
  DIR* folder = ::opendir("/dev");
  if (folder == nullptr) return out;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name.starts_with("tpm")) out.push_back("/dev/" + std::string(name));
  }
  ::closedir(folder);
  std::sort(out.begin(), out.end());
  return out;
}

bool may(const std::string& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

Error exposed(const std::string& path) {
  return Error(Reason::device_exposed, path + " may be opened by user " +
                                           std::to_string(::geteuid()) + " (group " +
                                           std::to_string(::getegid()) + ")");
}

}  // namespace

Result<void> drop_rights(const Account* account) {
  empty_bounding_set();
  if (account != nullptr) RATLS_CHECK(become(*account));
  RATLS_CHECK(drop_capabilities());
  const rlimit none{0, 0};
  const bool closed = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                      ::setrlimit(RLIMIT_CORE, &none) == 0 &&
                      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
  return closed ? Result<void>() : not_dropped("no_new_privs");
}

Result<void> check_devices_closed() {
  std::vector<std::string> devices = tpms();
  devices.emplace_back("/dev/sev-guest");
  for (const std::string& each : devices) {
    // Its requests are ioctls and a TPM's are writes, but whoever reads may read another's answer.
    if (may(each, R_OK) || may(each, W_OK)) return exposed(each);
  }
  const std::string entries = "/sys/kernel/config/tsm/report";
  return may(entries, W_OK) ? Result<void>(exposed(entries)) : Result<void>();
}

}  // namespace ratls::agent
