/// The folder in which a simulated authority keeps its keys.
#pragma once

#include <string>
#include <utility>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::sim::detail {

/// Holds the folder's lock as long as it lives.
class StoreLock {
 public:
  explicit StoreLock(int fd) noexcept : fd_(fd) {}
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;
  StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  StoreLock& operator=(StoreLock&&) = delete;
  ~StoreLock();

 private:
  int fd_;
};

/// A folder of mode 0700 with files of mode 0600, each whole or absent.
/// Threads and processes: whoever makes a file that may exist already holds the lock.
class Store {
 public:
  /// Makes the folder where it does not exist. Errors: io_error; invalid_config where others may
  /// enter it.
  static Result<Store> open(const std::string& folder);

  /// Waits until no other process or object holds it. Errors: io_error.
  [[nodiscard]] Result<StoreLock> lock() const;
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] Result<SecretBytes> read(const std::string& name) const;
  [[nodiscard]] Result<void> write(const std::string& name, ByteView content) const;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  explicit Store(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
};

}  // namespace ratls::sim::detail
