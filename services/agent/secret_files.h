/// Secrets as files, for programs that must read them so.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::agent {

/// Writes files of mode 0400 into a folder that must be in memory (tmpfs or ramfs), so that no disk
/// ever holds them, and removes them at its end. Threads: one.
class SecretFiles {
 public:
  SecretFiles() = default;
  SecretFiles(const SecretFiles&) = delete;
  SecretFiles& operator=(const SecretFiles&) = delete;
  ~SecretFiles();

  /// `folder` is made where it is absent. `owner` may read; -1: this process's user.
  /// Errors: invalid_config (a folder on a disk), io_error.
  Result<void> write(const std::string& folder, const std::string& name, const SecretBytes& secret,
                     uid_t owner);

 private:
  std::vector<std::string> written_;
};

}  // namespace ratls::agent
