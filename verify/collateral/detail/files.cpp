#include <ratls/verify/collateral/detail/files.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <ratls/core/crypto.h>

namespace ratls::detail {

namespace {

constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kMaxNames = 1'000'000;
constexpr const char* kLockName = "lock";

Error failed(const std::string& what, int number) {
  return Error(Reason::io_error, what + ": " + std::generic_category().message(number));
}

// ELOOP is what O_NOFOLLOW makes of a symbolic link; its own text speaks of many.
Error failed_to_open(const std::string& name, int number) {
  if (number == ELOOP) return Error(Reason::io_error, name + ": is a symbolic link");
  return failed(name, number);
}

Result<void> write_all(int fd, const std::string& name, ByteView rest) {
  while (!rest.empty()) {
    const ssize_t count = ::write(fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(name, errno);
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
  if (::fsync(fd) != 0) return failed(name, errno);
  return {};
}

// One byte more than allowed is asked for, so that a file that grew meanwhile is noticed.
Result<Bytes> read_all(int fd, const std::string& name, std::size_t size, std::size_t max) {
  Bytes out(std::min(size, max) + 1);
  std::size_t used = 0;
  while (used < out.size()) {
    const auto rest = std::span(out).subspan(used);
    const ssize_t count = ::read(fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(name, errno);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
    if (used > max) break;
    if (used == out.size()) out.resize(std::min(max + 1, 2 * out.size()));
  }
  if (used > max) return Error(Reason::io_error, name + ": larger than any such file is");
  out.resize(used);
  return out;
}

Result<void> make_one(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
  return failed(name, errno);
}

}  // namespace

FileHandle::FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::optional<FileHandle>> open_folder(const std::string& path) {
  FileHandle out(::open(path.c_str(), kReadFolder));
  if (out.open()) return std::optional<FileHandle>(std::move(out));
  if (errno == ENOENT) return std::optional<FileHandle>();
  return failed(path, errno);
}

Result<FileHandle> make_folder(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    RATLS_CHECK(make_one(AT_FDCWD, path.substr(0, slash)));
    if (slash == std::string::npos) break;
  }
  RATLS_TRY(auto folder, open_folder(path));
  if (!folder) return failed(path, ENOENT);
  return std::move(*folder);
}

Result<std::optional<FileHandle>> open_subfolder(const FileHandle& parent,
                                                 const std::string& name) {
  FileHandle out(::openat(parent.get(), name.c_str(), kReadFolder | O_NOFOLLOW));
  if (out.open()) return std::optional<FileHandle>(std::move(out));
  if (errno == ENOENT) return std::optional<FileHandle>();
  // Of a link, O_DIRECTORY says first that it is no folder.
  return errno == ENOTDIR ? Error(Reason::io_error, name + ": is not a folder")
                          : failed_to_open(name, errno);
}

Result<FileHandle> make_subfolder(const FileHandle& parent, const std::string& name) {
  RATLS_CHECK(make_one(parent.get(), name));
  RATLS_TRY(auto folder, open_subfolder(parent, name));
  if (!folder) return failed(name, ENOENT);
  return std::move(*folder);
}

Result<std::optional<Bytes>> read_file(const FileHandle& folder, const std::string& name,
                                       std::size_t max) {
  const FileHandle file(
      ::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) return std::optional<Bytes>();
  if (!file.open()) return failed_to_open(name, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed(name, errno);
  if (!S_ISREG(status.st_mode)) return Error(Reason::io_error, name + ": is not a file");
  RATLS_TRY(auto content,
            read_all(file.get(), name, static_cast<std::size_t>(status.st_size), max));
  return std::optional<Bytes>(std::move(content));
}

Result<void> write_file(const FileHandle& temporary, const FileHandle& folder,
                        const std::string& name, ByteView content) {
  std::array<std::uint8_t, 8> random{};
  crypto::random(random);
  const std::string draft = to_hex(random);
  const FileHandle file(::openat(temporary.get(), draft.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!file.open()) return failed(name, errno);
  auto written = write_all(file.get(), name, content);
  if (written && ::renameat(temporary.get(), draft.c_str(), folder.get(), name.c_str()) != 0) {
    written = failed(name, errno);
  }
  if (!written) {
    remove_file(temporary, draft);
    return written;
  }
  // Without it a crash of the machine may lose the name, though not the content.
  if (::fsync(folder.get()) != 0) return failed(name, errno);
  return {};
}

void remove_file(const FileHandle& folder, const std::string& name) noexcept {
  static_cast<void>(::unlinkat(folder.get(), name.c_str(), 0));
}

Result<std::vector<std::string>> names_in(const FileHandle& folder) {
  const int copy = ::openat(folder.get(), ".", kReadFolder);
  if (copy < 0) return failed("listing the folder", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
  if (stream == nullptr) {
    const int number = errno;
    ::close(copy);
    return failed("listing the folder", number);
  }
  std::vector<std::string> out;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
    std::string name(static_cast<const char*>(entry->d_name));
    if (name != "." && name != "..") out.push_back(std::move(name));
    if (out.size() > kMaxNames) return Error(Reason::io_error, "more files than any store has");
    errno = 0;
  }
  if (errno != 0) return failed("listing the folder", errno);
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<std::uint64_t> size_of(const FileHandle& folder, const std::string& name) noexcept {
  struct stat status {};
  if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

Result<FileHandle> lock_folder(const FileHandle& folder) {
  FileHandle lock(::openat(folder.get(), kLockName,
                           O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kFileMode));
  if (!lock.open()) return failed_to_open(kLockName, errno);
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed(kLockName, errno);
    if (steady_clock::now() > deadline) {
      return Error(Reason::io_error, "another process has held the store's lock for 10 s");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return lock;
}

}  // namespace ratls::detail
