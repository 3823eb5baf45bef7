#include <ratls/core/private_file.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include <ratls/core/crypto.h>
#include <ratls/core/guarded.h>

namespace ratls {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr int kTries = 8;
constexpr std::size_t kRandom = 8;
constexpr std::string_view kSuffix = ".tmp";

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

class File {
 public:
  explicit File(int fd = -1) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

/// What is written before it has its name. It is locked while its writer lives.
struct Draft {
  File file;
  std::string name;  ///< empty: it has none

  Draft() = default;
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  Draft(Draft&& other) noexcept
      : file(std::move(other.file)), name(std::exchange(other.name, {})) {}
  Draft& operator=(Draft&&) = delete;
  ~Draft() {
    if (!name.empty()) ::unlink(name.c_str());
  }
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string draft_name(const std::string& path) {
  std::array<std::uint8_t, kRandom> random{};
  crypto::random(random);
  return path + "." + to_hex(random) + std::string(kSuffix);
}

bool is_draft_of(std::string_view name, std::string_view base) {
  if (name.size() != base.size() + 1 + 2 * kRandom + kSuffix.size()) return false;
  if (!name.starts_with(base) || name[base.size()] != '.' || !name.ends_with(kSuffix)) return false;
  const auto digits = name.substr(base.size() + 1, 2 * kRandom);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool lock(const File& file) {
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

// A lock that can be had says that its writer has ended.
void remove_if_abandoned(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file.open() || ::fstat(file.get(), &about) != 0) return;
  if (S_ISREG(about.st_mode) && about.st_uid == ::geteuid() && lock(file)) ::unlink(path.c_str());
}

void remove_abandoned_drafts(const std::string& path) {
  const std::string folder = folder_of(path);
  const std::size_t slash = path.rfind('/');
  const std::string base = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
  if (listing == nullptr) return;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name(std::begin(entry->d_name));
    if (is_draft_of(name, base)) remove_if_abandoned(folder + "/" + name);
  }
}

// What linkat(2) names a file by that has no name.
std::string link_of(const File& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

File open_unnamed(const std::string& path) {
  File file(::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kOwnerOnly));
  const bool can_be_named = file.open() && ::access(link_of(file).c_str(), F_OK) == 0;
  return can_be_named && lock(file) ? std::move(file) : File();
}

// Who removes what is abandoned may come in between the file and its lock: then it is made anew.
Result<Draft> open_named(const std::string& path) {
  for (int i = 0; i < kTries; ++i) {
    Draft out;
    std::string name = draft_name(path);
    out.file = File(
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
    if (!out.file.open()) return failed(path, errno);
    out.name = std::move(name);
    struct stat about {};
    if (lock(out.file) && ::fstat(out.file.get(), &about) == 0 && about.st_nlink == 1) return out;
  }
  return Error(Reason::io_error, path + ": a file beside it is removed as soon as it is made");
}

Result<void> write_all(const File& file, const std::string& path, ByteView rest) {
  while (!rest.empty()) {
    const ssize_t count = ::write(file.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, errno);
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
  return ::fsync(file.get()) == 0 ? Result<void>() : failed(path, errno);
}

Result<Draft> write_draft(const std::string& path, ByteView content) {
  remove_abandoned_drafts(path);
  Draft draft;
  draft.file = open_unnamed(path);
  if (draft.file.open()) {
    RATLS_CHECK(write_all(draft.file, path, content));
    return draft;
  }
  RATLS_TRY(Draft named, open_named(path));
  RATLS_CHECK(write_all(named.file, path, content));
  return named;
}

// Unlike rename(2), both refuse a name that there is.
bool link_to(const Draft& draft, const std::string& path) {
  if (!draft.name.empty()) return ::link(draft.name.c_str(), path.c_str()) == 0;
  return ::linkat(AT_FDCWD, link_of(draft.file).c_str(), AT_FDCWD, path.c_str(),
                  AT_SYMLINK_FOLLOW) == 0;
}

// Without it a crash may lose the name, though not the content.
Result<void> sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const File handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.open() || ::fsync(handle.get()) != 0) return failed(folder, errno);
  return {};
}

Result<void> rename_over(Draft& draft, const std::string& path) {
  if (draft.name.empty()) {
    std::string name = draft_name(path);
    if (!link_to(draft, name)) return failed(path, errno);
    draft.name = std::move(name);
  }
  if (std::rename(draft.name.c_str(), path.c_str()) != 0) return failed(path, errno);
  draft.name.clear();
  return sync_folder(path);
}

}  // namespace

Result<void> write_new_private_file(const std::string& path, ByteView content) {
  return guarded([&]() -> Result<void> {
    RATLS_TRY(const Draft draft, write_draft(path, content));
    if (link_to(draft, path)) return sync_folder(path);
    if (errno != EEXIST) return failed(path, errno);
    return Error(Reason::invalid_config, path + ": exists already, and a key is never overwritten");
  });
}

Result<void> replace_private_file(const std::string& path, ByteView content) {
  return guarded([&]() -> Result<void> {
    RATLS_TRY(Draft draft, write_draft(path, content));
    // Where nothing is replaced, nothing can be left behind.
    if (draft.name.empty() && link_to(draft, path)) return sync_folder(path);
    return rename_over(draft, path);
  });
}

}  // namespace ratls
