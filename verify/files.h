/// Files that decide something: read whole, and replaced whole.
#pragma once

#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// A regular file or pipe of at most `max` bytes. Errors: io_error, `too_large`.
Result<Bytes> read_file(const std::string& path, std::size_t max, Reason too_large);

/// The same; nothing where no such file exists.
Result<std::optional<Bytes>> read_file_if_there(const std::string& path, std::size_t max,
                                                Reason too_large);

/// Writes `content` beside `path` and renames it over it: after a crash either the old file is
/// there or the new one, on disk. Errors: io_error.
Result<void> replace_file(const std::string& path, ByteView content);

/// Held while one process changes a file; others wait. The lock is on `path` + ".lock", which
/// stays. Released by the destructor, and by the system where the process ends.
class FileLock {
 public:
  /// Errors: io_error.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace ratls
