#include <ratls/certgen/doctor/machine.h>

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <ratls/certgen/detail/tsm_files.h>
#include <ratls/certgen/doctor/detail/azure_machine.h>
#include <ratls/core/crypto.h>
#include <ratls/core/reader.h>
#include <ratls/core/secret.h>

namespace ratls::doctor {

namespace {

constexpr std::size_t kMaxFile = 4U << 20U;  // modules.dep of a distribution has half a MiB
constexpr off_t kMsrSev = 0xC0010131;        // MSR_AMD64_SEV
constexpr std::uint64_t kCapIpcLock = 1ULL << 14U;

std::optional<std::string> read_text(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string out;
  std::array<char, 4096> chunk{};
  ssize_t count = 0;
  while (out.size() < kMaxFile && (count = ::read(fd, chunk.data(), chunk.size())) > 0) {
    out.append(chunk.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return count < 0 ? std::nullopt : std::optional(out);
}

std::string first_line(const std::optional<std::string>& text) {
  return text ? text->substr(0, text->find('\n')) : std::string();
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

int try_open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

std::optional<std::vector<std::uint32_t>> own_cpuid([[maybe_unused]] std::uint32_t leaf) {
#if defined(__x86_64__)
  std::vector<std::uint32_t> out(4);
  __cpuid_count(leaf, 0, out[0], out[1], out[2], out[3]);
  return out;
#else
  return std::nullopt;
#endif
}

// The highest leaf of a range stands in EAX of its first.
std::optional<std::vector<std::uint32_t>> leaf_of(const Cpuid& cpuid, std::uint32_t leaf) {
  const auto first = cpuid(leaf & 0xffff0000U);
  if (!first || first->at(0) < leaf) return std::nullopt;
  return cpuid(leaf);
}

std::optional<Processor> ask_processor(const Place& place) {
  Cpuid cpuid = place.cpuid;
  if (!cpuid && place.root.empty()) cpuid = own_cpuid;
  if (!cpuid) return std::nullopt;
  const auto features = leaf_of(cpuid, 1);
  if (!features) return std::nullopt;
  Processor out;
  out.hypervisor = (features->at(2) >> 31U) != 0;
  if (const auto amd = leaf_of(cpuid, 0x8000001f)) out.snp = ((amd->at(0) >> 4U) & 1U) != 0;
  if (!out.hypervisor) return out;
  if (const auto hyperv = leaf_of(cpuid, 0x4000000c)) out.isolation = hyperv->at(1) & 0xfU;
  return out;
}

std::optional<std::uint64_t> read_msr(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<std::uint8_t, 8> bytes{};
  const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), kMsrSev);
  ::close(fd);
  if (count != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  Reader in(bytes, Reason::io_error);
  const auto value = in.u64le("MSR_AMD64_SEV");
  return value ? std::optional(*value) : std::nullopt;
}

DriverFile driver_file(const std::string& modules) {
  const auto loadable = read_text(modules + "/modules.dep");
  const auto builtin = read_text(modules + "/modules.builtin");
  if (!loadable && !builtin) return DriverFile::unknown;
  for (const auto& list : {loadable, builtin}) {
    if (list && list->find("/sev-guest.ko") != std::string::npos) return DriverFile::present;
  }
  return DriverFile::missing;
}

// Makes no report: only reading outblob or auxblob would.
void ask_entry(const std::string& folder, TsmFolder& out) {
  const auto files = ratls::detail::tsm_files(folder);
  std::array<std::uint8_t, 8> random{};
  crypto::random(random);
  const std::string name = "ratls-doctor-" + to_hex(random);
  out.entry = files->make(name);
  if (out.entry != 0) return;
  Bytes text;
  out.entry = files->read(name, "provider", 4096, text);
  if (out.entry == 0) out.provider = first_line(to_string(text));
  if (files->read(name, "privlevel_floor", 4096, text) == 0)
    out.floor = first_line(to_string(text));
  out.services = exists(folder + "/" + name + "/service_provider");
  files->remove(name);
}

TsmFolder look_at_tsm(const std::string& root) {
  TsmFolder out;
  const std::string folder = root + ratls::detail::kTsmFolder;
  const std::string kinds = read_text(root + "/proc/filesystems").value_or("");
  const std::string mounts = read_text(root + "/proc/self/mounts").value_or("");
  out.supported = kinds.find("\tconfigfs\n") != std::string::npos;
  out.mounted = mounts.find(" configfs ") != std::string::npos;
  const int answer = ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS);
  out.access = answer == 0 ? 0 : errno;
  if (out.access == 0) ask_entry(folder, out);
  return out;
}

void look_at_guest(const Place& place, MachineFacts& out) {
  const std::string& root = place.root;
  out.processor = ask_processor(place);
  out.sev_status = read_msr(root + "/dev/cpu/0/msr");
  out.guest_device = exists(root + "/sys/devices/platform/sev-guest");
  out.guest_folder = exists(root + "/sys/devices/system/cpu/sev");
  if (const auto vmpl = read_text(root + "/sys/devices/system/cpu/sev/vmpl")) {
    out.vmpl = first_line(vmpl);
  }
  out.host_device = exists(root + "/dev/sev");
  out.vendor = first_line(read_text(root + "/sys/class/dmi/id/sys_vendor"));
}

void look_at_driver(const std::string& root, MachineFacts& out) {
  out.kernel = first_line(read_text(root + "/proc/sys/kernel/osrelease"));
  out.driver_loaded = exists(root + "/sys/bus/platform/drivers/sev-guest") ||
                      exists(root + "/sys/module/sev_guest");
  out.driver_file = driver_file(root + "/lib/modules/" + out.kernel);
  out.device = try_open(root + "/dev/sev-guest");
  out.tpm = try_open(root + "/dev/tpmrm0");
}

// "CapEff:	000001ffffffffff"
bool has_capability(const std::string& status, std::uint64_t which) {
  const std::size_t at = status.find("CapEff:\t");
  if (at == std::string::npos || status.size() < at + 24) return false;
  const auto bytes = from_hex(status.substr(at + 8, 16));
  if (!bytes) return false;
  Reader in(*bytes, Reason::io_error);
  const auto value = in.u64be("CapEff");
  return value && (*value & which) != 0;
}

void look_at_memory(const std::string& root, MachineFacts& out) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    out.memlock = limit.rlim_cur;
  }
  out.may_exceed_memlock =
      has_capability(read_text(root + "/proc/self/status").value_or(""), kCapIpcLock);
  out.locks_memory = static_cast<bool>(SecretBytes::copy_of(as_bytes("doctor")));
  const std::string swaps = read_text(root + "/proc/swaps").value_or("");
  std::size_t at = swaps.find('\n');  // the first line names the columns
  while (at != std::string::npos && at + 1 < swaps.size()) {
    out.swaps.push_back(swaps.substr(at + 1, swaps.find_first_of(" \t", at + 1) - at - 1));
    at = swaps.find('\n', at + 1);
  }
}

void look_at_clock(const Place& place, const Clock& clock, MachineFacts& out) {
  out.now = clock.now();
  if (!place.root.empty()) return;
  timex state{};
  if (::adjtimex(&state) >= 0) out.synchronised = (state.status & STA_UNSYNC) == 0;
}

constexpr unsigned kHypervSnp = 2;

}  // namespace

bool is_azure(const MachineFacts& facts) noexcept {
  return facts.azure || (facts.processor && facts.processor->isolation == kHypervSnp);
}

MachineFacts look_at(const Place& place, const Clock& clock) {
  MachineFacts out;
  out.administrator = ::geteuid() == 0;
  look_at_guest(place, out);
  look_at_driver(place.root, out);
  if (!place.tcti.empty() || (place.root.empty() && is_azure(out))) {
    out.azure = detail::look_at_azure(place);
  }
  out.tsm = look_at_tsm(place.root);
  look_at_memory(place.root, out);
  look_at_clock(place, clock, out);
  return out;
}

}  // namespace ratls::doctor
