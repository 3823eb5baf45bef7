#include <ratls/services/agent/secret_files.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <ratls/tcp.h>

namespace ratls::agent {

namespace {

Error failed(const std::string& path) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(errno));
}

Result<void> check_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0711) != 0 && errno != EEXIST) return failed(folder);
  struct statfs facts {};
  if (::statfs(folder.c_str(), &facts) != 0) return failed(folder);
  const auto type = static_cast<unsigned long>(facts.f_type);
  if (type == TMPFS_MAGIC || type == RAMFS_MAGIC) return {};
  return Error(
      Reason::invalid_config,
      "agent.runtime: " + folder + " is not in memory; secrets may stand in files on a tmpfs only");
}

}  // namespace

SecretFiles::~SecretFiles() {
  discard();
  for (const std::string& each : published_) ::unlink(each.c_str());
}

Result<void> SecretFiles::stage(const std::string& folder, const std::string& name,
                                const SecretBytes& secret, uid_t owner) {
  RATLS_CHECK(check_folder(folder));
  const std::string path = folder + "/." + name + ".new";
  ::unlink(path.c_str());  // of a run that was killed
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR));
  if (file.get() < 0) return failed(path);
  staged_[folder + "/" + name] = path;
  const bool whole = secret.expose([&](ByteView bytes) {
    return ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  });
  if (!whole) return failed(path);
  if (owner != static_cast<uid_t>(-1) && ::fchown(file.get(), owner, static_cast<gid_t>(-1)) != 0) {
    return failed(path);
  }
  return {};
}

Result<void> SecretFiles::commit() {
  for (const auto& [path, staged] : staged_) {
    if (::rename(staged.c_str(), path.c_str()) != 0) return failed(path);
    published_.insert(path);
  }
  staged_.clear();
  return {};
}

void SecretFiles::discard() noexcept {
  for (const auto& [path, staged] : staged_) ::unlink(staged.c_str());
  staged_.clear();
}

void SecretFiles::keep() noexcept {
  published_.clear();
}

}  // namespace ratls::agent
