/// Files of the collateral store: read with suspicion, written whole or not at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

/// An open file or folder. Move-only.
class FileHandle {
 public:
  explicit FileHandle(int fd = -1) noexcept : fd_(fd) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  FileHandle(FileHandle&& other) noexcept;
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

/// The folder; nothing where it does not exist. Errors, of all functions: io_error.
Result<std::optional<FileHandle>> open_folder(const std::string& path);

/// The same, made (mode 0700, its parents too) where it does not exist.
Result<FileHandle> make_folder(const std::string& path);

/// A folder in `parent`; nothing where it does not exist. A symbolic link is refused.
Result<std::optional<FileHandle>> open_subfolder(const FileHandle& parent, const std::string& name);
Result<FileHandle> make_subfolder(const FileHandle& parent, const std::string& name);

/// The contents; nothing where the file does not exist. Refuses what is no regular file of at most
/// `max` bytes; never follows a symbolic link, never waits for a FIFO.
Result<std::optional<Bytes>> read_file(const FileHandle& folder, const std::string& name,
                                       std::size_t max);

/// Writes `content` (mode 0600) into `temporary` and renames it to `name` in `folder`, replacing
/// what stands there; on disk when this returns. Both are of one file system.
Result<void> write_file(const FileHandle& temporary, const FileHandle& folder,
                        const std::string& name, ByteView content);

/// Removes a file; one that is not there is no error, nor is one that cannot be removed.
void remove_file(const FileHandle& folder, const std::string& name) noexcept;

/// The names in a folder but for "." and "..", sorted.
Result<std::vector<std::string>> names_in(const FileHandle& folder);

/// The size of a file, a symbolic link's own; nothing where it is not there.
std::optional<std::uint64_t> size_of(const FileHandle& folder, const std::string& name) noexcept;

/// Holds the folder's lock until the handle is closed, by whatever end. Waits at most ten seconds
/// for other writers.
Result<FileHandle> lock_folder(const FileHandle& folder);

}  // namespace ratls::detail
