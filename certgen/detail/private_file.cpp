#include <ratls/certgen/detail/private_file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

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

Result<SecretBytes> read_private_file(const std::string& path, std::size_t max) {
  return read_file(path, max, Readers::owner);
}

Result<Bytes> read_public_file(const std::string& path, std::size_t max) {
  RATLS_TRY(const SecretBytes content, read_file(path, max, Readers::anybody));
  return content.expose([](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); });
}

}  // namespace ratls::detail
