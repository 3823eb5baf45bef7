#include "fuse_mount.h"

#define FUSE_USE_VERSION 31
#include <fuse3/fuse.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <system_error>
#include <thread>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ratls::test {

namespace {

constexpr const char* kConfigfs = "/sys/kernel/config";
constexpr const char* kReports = "/sys/kernel/config/tsm/report";

std::string failed(const std::string& what) {
  return what + ": " + std::generic_category().message(errno);
}

// Root in a user namespace of its own may mount what is its own.
std::string become_root() {
  const auto uid = ::getuid();
  const auto gid = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return failed("no user namespace");
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  return ::geteuid() == 0 ? "" : "no user namespace: the map of users was not taken";
}

std::string make_namespace() {
  if (::access("/dev/fuse", R_OK | W_OK) != 0) return failed("/dev/fuse");
  if (::geteuid() != 0) {
    if (auto why = become_root(); !why.empty()) return why;
  } else if (::unshare(CLONE_NEWNS) != 0) {
    return failed("no mount namespace");
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("mount");
  // Kernels without configfs do not have the folder to mount on.
  const bool there = ::access(kConfigfs, F_OK) == 0;
  if (::mount("ratls", there ? kConfigfs : "/sys/kernel", "tmpfs", 0, "mode=755") != 0) {
    return failed("no tmpfs at /sys/kernel");
  }
  for (const char* folder : {kConfigfs, "/sys/kernel/config/tsm", kReports}) {
    if (::mkdir(folder, 0755) != 0 && errno != EEXIST) return failed(folder);
  }
  return {};
}

TsmKernel& kernel() {
  return *static_cast<TsmKernel*>(fuse_get_context()->private_data);
}

/// "/entry/attribute", taken apart; either may be empty. Both are where an open file's entry has
/// been removed: libfuse has no path for it then.
struct Parts {
  explicit Parts(const char* path) : entry(path == nullptr ? "" : path + 1) {
    const std::size_t slash = entry.find('/');
    if (slash == std::string::npos) return;
    attribute = entry.substr(slash + 1);
    entry.resize(slash);
  }
  std::string entry;
  std::string attribute;
};

int on_getattr(const char* path, struct stat* out, fuse_file_info*) {
  const Parts at(path);
  *out = {};
  out->st_nlink = 1;
  out->st_size = 65536;
  if (at.attribute.empty()) {
    out->st_mode = S_IFDIR | 0755;
    return at.entry.empty() || kernel().has(at.entry) ? 0 : -ENOENT;
  }
  out->st_mode = S_IFREG | 0644;
  return kernel().has(at.entry, at.attribute) ? 0 : -ENOENT;
}

int on_readdir(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
               fuse_readdir_flags) {
  const Parts at(path);
  for (const auto& name : at.entry.empty() ? kernel().entries() : kernel().attributes()) {
    fill(buffer, name.c_str(), nullptr, 0, fuse_fill_dir_flags{});
  }
  return 0;
}

int on_open(const char* path, fuse_file_info* info) {
  const Parts at(path);
  info->direct_io = 1;
  return -kernel().open(at.entry, at.attribute);
}

int on_read(const char* path, char* buffer, std::size_t size, off_t offset, fuse_file_info*) {
  const Parts at(path);
  Bytes content;
  if (const int code = kernel().read(at.entry, at.attribute, content)) return -code;
  const auto from = std::min(static_cast<std::size_t>(offset), content.size());
  const std::size_t count = std::min(size, content.size() - from);
  const std::string text = to_string(ByteView(content).subspan(from, count));
  text.copy(buffer, count);
  return static_cast<int>(count);
}

int on_write(const char* path, const char* buffer, std::size_t size, off_t, fuse_file_info*) {
  const Parts at(path);
  std::size_t taken = 0;
  const auto bytes = as_bytes(std::string_view(buffer, size));
  const int code = kernel().write(at.entry, at.attribute, bytes, taken);
  return code == 0 ? static_cast<int>(taken) : -code;
}

int on_mkdir(const char* path, mode_t) {
  return -kernel().make(Parts(path).entry);
}

int on_rmdir(const char* path) {
  return -kernel().remove(Parts(path).entry);
}

void* on_init(fuse_conn_info*, fuse_config* config) {
  config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
  return fuse_get_context()->private_data;
}

fuse_operations operations() {
  fuse_operations out{};
  out.init = on_init;
  out.getattr = on_getattr;
  out.readdir = on_readdir;
  out.open = on_open;
  out.read = on_read;
  out.write = on_write;
  out.mkdir = on_mkdir;
  out.rmdir = on_rmdir;
  return out;
}

[[noreturn]] void give_up(const char* what) {
  std::cerr << what << '\n';
  std::abort();
}

}  // namespace

std::string why_no_mounts() {
  static const std::string why = make_namespace();
  return why;
}

struct TsmMount::Server {
  fuse* filesystem = nullptr;
  std::thread thread;
};

TsmMount::TsmMount(TsmKernel& kernel) : server_(std::make_unique<Server>()) {
  static const fuse_operations kOperations = operations();
  std::string name = "ratls";
  std::array<char*, 1> words{name.data()};
  fuse_args arguments{1, words.data(), 0};
  server_->filesystem = fuse_new(&arguments, &kOperations, sizeof kOperations, &kernel);
  if (server_->filesystem == nullptr) give_up("fuse_new");
  if (fuse_mount(server_->filesystem, kReports) != 0) give_up("fuse_mount");
  // Ends what is under way, as a driver does that is unloaded by force.
  kernel.on_vanish = [] { ::umount2(kReports, MNT_FORCE); };
  server_->thread = std::thread([filesystem = server_->filesystem] { fuse_loop(filesystem); });
}

TsmMount::~TsmMount() {
  ::umount2(kReports, MNT_DETACH);
  server_->thread.join();
  fuse_destroy(server_->filesystem);
}

}  // namespace ratls::test
