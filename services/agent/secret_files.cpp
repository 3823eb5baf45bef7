#include <ratls/services/agent/secret_files.h>

#include <cerrno>
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
  for (const std::string& each : written_) ::unlink(each.c_str());
}

Result<void> SecretFiles::write(const std::string& folder, const std::string& name,
                                const SecretBytes& secret, uid_t owner) {
  RATLS_CHECK(check_folder(folder));
  const std::string path = folder + "/" + name;
  ::unlink(path.c_str());  // of a run that was killed
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR));
  if (file.get() < 0) return failed(path);
  written_.push_back(path);
  const bool whole = secret.expose([&](ByteView bytes) {
    return ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  });
  if (!whole) return failed(path);
  if (owner != static_cast<uid_t>(-1) && ::fchown(file.get(), owner, static_cast<gid_t>(-1)) != 0) {
    return failed(path);
  }
  return {};
}

}  // namespace ratls::agent
