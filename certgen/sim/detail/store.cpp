#include <ratls/certgen/sim/detail/store.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <ratls/certgen/detail/private_file.h>
#include <ratls/core/private_file.h>

namespace ratls::sim::detail {
namespace {

constexpr std::size_t kMaxFile = 65536;

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

}  // namespace

StoreLock::~StoreLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Store> Store::open(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(folder, errno);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return failed(folder, errno);
  if (!S_ISDIR(status.st_mode)) return Error(Reason::invalid_config, folder + " is not a folder");
  if ((status.st_mode & 077U) != 0) {
    return Error(Reason::invalid_config, folder + " is open to other users; run chmod 700 on it");
  }
  return Store(folder);
}

Result<StoreLock> Store::lock() const {
  const std::string file = path("lock");
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failed(file, errno);
  StoreLock held(fd);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return failed(file, errno);
  }
  return held;
}

bool Store::has(const std::string& name) const {
  return ::access(path(name).c_str(), F_OK) == 0;
}

Result<SecretBytes> Store::read(const std::string& name) const {
  return ratls::detail::read_private_file(path(name), kMaxFile);
}

Result<void> Store::write(const std::string& name, ByteView content) const {
  return write_new_private_file(path(name), content);
}

}  // namespace ratls::sim::detail
