#include <ratls/certgen/detail/tsm_files.h>

#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ratls::detail {

namespace {

/// Closed with its owner.
class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

class Folder final : public TsmFiles {
 public:
  explicit Folder(std::string folder) : folder_(std::move(folder)) {}

  int make(const std::string& entry) override {
    return ::mkdir(path(entry).c_str(), 0700) == 0 ? 0 : errno;
  }
  int remove(const std::string& entry) override {
    return ::rmdir(path(entry).c_str()) == 0 ? 0 : errno;
  }
  int write(const std::string& entry, const std::string& attribute, ByteView bytes) override {
    const File file(path(entry) + "/" + attribute, O_WRONLY);
    if (file.get() < 0) return errno;
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0) return errno;
    return static_cast<std::size_t>(count) == bytes.size() ? 0 : EIO;
  }
  int read(const std::string& entry, const std::string& attribute, std::size_t max,
           Bytes& out) override {
    const File file(path(entry) + "/" + attribute, O_RDONLY);
    if (file.get() < 0) return errno;
    out.clear();
    std::array<std::uint8_t, 4096> chunk{};
    while (true) {
      const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
      if (count < 0) return errno;
      if (count == 0) return 0;
      append(out, ByteView(chunk).first(static_cast<std::size_t>(count)));
      if (out.size() > max) return EFBIG;
    }
  }

 private:
  [[nodiscard]] std::string path(const std::string& entry) const { return folder_ + "/" + entry; }

  std::string folder_;
};

}  // namespace

std::unique_ptr<TsmFiles> tsm_files(std::string folder) {
  return std::make_unique<Folder>(std::move(folder));
}

}  // namespace ratls::detail
