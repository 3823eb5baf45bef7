#include <ratls/verify/files.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace ratls {

namespace {

constexpr int kOwnerOnly = 0600;

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

struct Close {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

Result<void> write_all(int descriptor, ByteView content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path, errno);
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0 ? Result<void>() : failed(path, errno);
}

Result<void> write_beside(const std::string& name, ByteView content) {
  const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return failed(name, errno);
  const auto written = write_all(descriptor, content, name);
  const bool closed = ::close(descriptor) == 0;
  if (!written) return written;
  return closed ? Result<void>() : failed(name, errno);
}

// A rename is on disk only once its folder is.
void sync_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  static_cast<void>(::fsync(descriptor));
  static_cast<void>(::close(descriptor));
}

}  // namespace

Result<std::optional<Bytes>> read_file_if_there(const std::string& path, std::size_t max,
                                                Reason too_large) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr && errno == ENOENT) return std::optional<Bytes>();
  if (file == nullptr) return failed(path, errno);
  Bytes out(max + 1);
  const std::size_t size = std::fread(out.data(), 1, out.size(), file.get());
  if (std::ferror(file.get()) != 0) return failed(path, errno);
  if (size > max) {
    return Error(too_large, path + ": more than " + std::to_string(max / 1024) + " KiB");
  }
  out.resize(size);
  return std::optional<Bytes>(std::move(out));
}

Result<Bytes> read_file(const std::string& path, std::size_t max, Reason too_large) {
  RATLS_TRY(auto content, read_file_if_there(path, max, too_large));
  if (content) return *std::move(content);
  return failed(path, ENOENT);
}

Result<void> replace_file(const std::string& path, ByteView content) {
  const std::string name = path + "." + std::to_string(::getpid()) + ".tmp";
  const auto written = write_beside(name, content);
  if (!written) {
    static_cast<void>(std::remove(name.c_str()));
    return written;
  }
  if (std::rename(name.c_str(), path.c_str()) != 0) {
    const int number = errno;
    static_cast<void>(std::remove(name.c_str()));
    return failed(path, number);
  }
  sync_folder(path);
  return {};
}

Result<FileLock> FileLock::take(const std::string& path) {
  const std::string name = path + ".lock";
  const int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return failed(name, errno);
  FileLock lock(descriptor);
  while (::flock(descriptor, LOCK_EX) != 0) {
    if (errno != EINTR) return failed(name, errno);
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) static_cast<void>(::close(descriptor_));
}

}  // namespace ratls
