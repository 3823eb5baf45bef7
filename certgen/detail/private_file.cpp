#include <ratls/certgen/detail/private_file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <ratls/core/crypto.h>

namespace ratls::detail {
namespace {

class FileHandle {
 public:
  explicit FileHandle(int fd) noexcept : fd_(fd) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

Result<void> write_all(int fd, const std::string& path, ByteView rest) {
  while (!rest.empty()) {
    const ssize_t count = ::write(fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, errno);
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
  if (::fsync(fd) != 0) return failed(path, errno);
  return {};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Without it a crash may lose the name, though not the content.
Result<void> sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.open() || ::fsync(handle.get()) != 0) return failed(folder, errno);
  return {};
}

std::string temporary_name(const std::string& path) {
  std::array<std::uint8_t, 8> random{};
  crypto::random(random);
  return path + "." + to_hex(random) + ".tmp";
}

Result<void> write_temporary(const std::string& name, ByteView content) {
  const FileHandle file(
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.open()) return failed(name, errno);
  return write_all(file.get(), name, content);
}

// link(2), unlike rename(2), refuses an existing name.
Result<void> publish(const std::string& temporary, const std::string& path) {
  if (::link(temporary.c_str(), path.c_str()) == 0) return sync_folder(path);
  if (errno == EEXIST) return Error(Reason::invalid_config, path + " exists already");
  return failed(path, errno);
}

enum class Readers : std::uint8_t { owner, anybody };

Result<void> check_file(const std::string& path, int fd, std::size_t max, Readers readers) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed(path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Reason::invalid_config, path + " is not a file");
  if (readers == Readers::owner && (status.st_mode & 077U) != 0) {
    return Error(Reason::invalid_config, path + " is open to other users; run chmod 600 on it");
  }
  if (std::cmp_greater(status.st_size, max)) {
    return Error(Reason::invalid_config,
                 path + " is larger than " + std::to_string(max) + " bytes");
  }
  return {};
}

// One byte more than allowed is asked for, so that a file that grew meanwhile is noticed.
Result<SecretBytes> read_all(const std::string& path, int fd, std::size_t max) {
  Bytes buffer(max + 1);
  std::span<std::uint8_t> rest(buffer);
  while (!rest.empty()) {
    const ssize_t count = ::read(fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int number = errno;
      wipe(buffer);
      return failed(path, number);
    }
    if (count == 0) break;
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
  auto content = SecretBytes::copy_of(ByteView(buffer).first(buffer.size() - rest.size()));
  wipe(buffer);
  if (content && content->size() > max) {
    return Error(Reason::invalid_config,
                 path + " is larger than " + std::to_string(max) + " bytes");
  }
  return content;
}

Result<SecretBytes> read_file(const std::string& path, std::size_t max, Readers readers) {
  // O_NONBLOCK: a FIFO in its place must not hang us.
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) return failed(path, errno);
  RATLS_CHECK(check_file(path, file.get(), max, readers));
  return read_all(path, file.get(), max);
}

}  // namespace

Result<void> write_new_file(const std::string& path, ByteView content) {
  const std::string temporary = temporary_name(path);
  auto written = write_temporary(temporary, content);
  if (written) written = publish(temporary, path);
  ::unlink(temporary.c_str());
  return written;
}

Result<SecretBytes> read_private_file(const std::string& path, std::size_t max) {
  return read_file(path, max, Readers::owner);
}

Result<Bytes> read_public_file(const std::string& path, std::size_t max) {
  RATLS_TRY(const SecretBytes content, read_file(path, max, Readers::anybody));
  return content.expose([](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); });
}

}  // namespace ratls::detail
