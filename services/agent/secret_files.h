/// Secrets as files, for programs that must read them so.
#pragma once

#include <map>
#include <set>
#include <string>

#include <sys/types.h>

#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::agent {

/// Writes files of mode 0400 into a folder that must be in memory (tmpfs or ramfs), so that no disk
/// ever holds them, and removes them at its end. Whoever reads finds the old file or the new one,
/// whole. Threads: one.
class SecretFiles {
 public:
  SecretFiles() = default;
  SecretFiles(const SecretFiles&) = delete;
  SecretFiles& operator=(const SecretFiles&) = delete;
  ~SecretFiles();

  /// Writes beside the file of this name, which commit() replaces. `folder` is made where it is
  /// absent. `owner` may read; -1: this process's user.
  /// Errors: invalid_config (a folder on a disk), io_error.
  Result<void> stage(const std::string& folder, const std::string& name, const SecretBytes& secret,
                     uid_t owner);
  /// All that was staged takes its name. Errors: io_error.
  Result<void> commit();
  /// Forgets what was staged; the files of before stay.
  void discard() noexcept;
  /// The files outlive this object.
  void keep() noexcept;

 private:
  std::map<std::string, std::string> staged_;  ///< where it is, by where it is to go
  std::set<std::string> published_;
};

}  // namespace ratls::agent
